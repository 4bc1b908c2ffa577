"""Forgets messages that were read long ago."""

from branch_node.notifications.actions import forget_old_notices
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(at="04:20", at_start=True, name="notices_forget")
async def forget() -> None:
    """Read more than ninety days ago."""
    events.info("read messages forgotten", count=await forget_old_notices())
