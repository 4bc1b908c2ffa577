"""Routes for agents: they prove themselves by signature, so they are public to the frame."""

from netops.center.ingest import handlers
from shared.nodes.report import LARGEST_REPORT_BYTES, REPORT_PATH
from shared.web.routing import PUBLIC, ApiDoc, Route

ROUTES = [
    Route(
        "POST", REPORT_PATH, handlers.take_report, PUBLIC,
        api=ApiDoc("An agent's report (signed)"), body_limit_bytes=LARGEST_REPORT_BYTES, is_signed=True,
    ),
]  # fmt: skip
