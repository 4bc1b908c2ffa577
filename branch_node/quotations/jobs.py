"""What happens to quotes by the clock."""

from branch_node.quotations.actions import expire_quotations
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(at="00:15", at_start=True, name="quotations_expire")
async def expire() -> None:
    """Quotes past their last day are expired."""
    events.info("quotations expired", count=await expire_quotations())
