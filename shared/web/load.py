"""Work that can wait is refused while the machine is under load: 503 with Retry-After."""

from starlette.requests import Request

from shared.errors import Unavailable
from shared.i18n import N_
from shared.load_state import RETRY_SECONDS, LoadFile


def refuse_under_load(request: Request) -> None:
    """Raise Unavailable while the agent throttles or drains this site. Called before heavy work: exports, long figures,
    uploads; everything else goes on."""
    load: LoadFile | None = getattr(request.app.state, "load", None)
    if load is not None and load.rung != "none":
        raise Unavailable(
            N_("The machine is under load; reports and files wait. Try again in half a minute."),
            retry_after=RETRY_SECONDS,
            code="load.throttled",
        )


async def is_taking_work(load: LoadFile) -> str | None:
    """The check of /readyz."""
    return "draining" if load.rung == "drain" else None
