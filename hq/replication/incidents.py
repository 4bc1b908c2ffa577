"""What a person must know of a branch's replication: opened once, closed when it has passed."""

import structlog

from hq.replication.models import SyncIncident
from shared import clock
from shared.database import execute, fetch_value

log = structlog.get_logger(__name__)


async def open_incident(branch: str, kind: str, detail: str = "") -> None:
    """Open an incident of this kind for the branch, unless one is open; also said in the log, for alerts."""
    if await SyncIncident.exists(branch=branch, kind=kind, closed_at=None):
        return
    await SyncIncident.create(branch=branch, kind=kind, detail=detail)
    log.error("sync_incident_opened", branch=branch, kind=kind, detail=detail)


async def close_incident(branch: str, kind: str) -> None:
    """Close the branch's open incident of this kind, if there is one; where there is none nothing is written, because every
    greeting passes here and a commit would stand in the way of the applier's."""
    if not await fetch_value(
        "SELECT 1 AS one FROM sync_incident WHERE branch = :branch AND kind = :kind AND closed_at IS NULL LIMIT 1",
        branch=branch,
        kind=kind,
    ):
        return
    closed = await execute(
        "UPDATE sync_incident SET closed_at = :now WHERE branch = :branch AND kind = :kind AND closed_at IS NULL",
        now=clock.now(),
        branch=branch,
        kind=kind,
    )
    if closed:
        log.info("sync_incident_closed", branch=branch, kind=kind)


async def hold(branch: str) -> None:
    """Note that nothing of this branch is taken over until its data is, or a person lets it through (`release`)."""
    await execute(
        "UPDATE branch_cursor SET status = 'held' WHERE branch = :branch AND status <> 'released'",
        branch=branch,
    )
    await open_incident(branch, "held", "too many changes cannot be taken over")


async def release(branch: str) -> bool:
    """Let a held branch's next batch through, setting aside whatever cannot be taken over; whether it was held."""
    return bool(
        await execute(
            "UPDATE branch_cursor SET status = 'released' WHERE branch = :branch AND status = 'held'",
            branch=branch,
        )
    )
