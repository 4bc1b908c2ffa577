"""Looks every minute for packs that are due and makes them."""

from hq.papers.views import present_site
from hq.reports.actions import claim_due, forget_old_runs, make_waiting
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(queue="reports", timeout=1_800, every=60, at_start=True, name="packs")
async def send_packs() -> None:
    """Claim what is due and make what waits; a second run beside this one finds everything taken."""
    claimed = await claim_due()
    made = await make_waiting(present_site())
    if claimed or made:
        events.info("packs made", claimed=claimed, made=made)


@job(queue="reports", timeout=1_800, name="pack_runs")
async def make_pack_runs() -> None:
    """Make what somebody asked for now."""
    await make_waiting(present_site())


@job(at="04:50", name="pack_runs_prune")
async def prune() -> None:
    """Forget runs older than a year."""
    await forget_old_runs()
