"""Work that can wait is refused while the machine is under load: 503 with Retry-After."""

from starlette.requests import Request

from shared.errors import Conflict, Unavailable
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


def refuse_while_fenced(request: Request) -> None:
    """Raise Conflict while another node has taken this site's place: what is written here would not count."""
    load: LoadFile | None = getattr(request.app.state, "load", None)
    if load is not None and load.is_fenced:
        raise Conflict(
            N_("Another node has taken this one's place. Nothing can be written here; go on working there."),
            code="node.fenced",
        )


async def is_taking_work(load: LoadFile) -> str | None:
    """The check of /readyz."""
    if load.is_fenced:
        return "fenced"
    return "draining" if load.rung == "drain" else None
