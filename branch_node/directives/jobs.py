"""What happens to directives by the clock."""

from branch_node.directives.actions import note_delivery
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(every=60, at_start=True, name="directives_delivered")
async def deliver() -> None:
    """Note that directives have arrived, whether or not their recipients look at them today."""
    if count := await note_delivery():
        events.info("directives delivered", count=count)
