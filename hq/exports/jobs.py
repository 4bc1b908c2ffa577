"""Makes the files that people asked for and forgets old ones."""

from uuid import UUID

from hq.exports import actions
from hq.papers.views import present_site
from shared.jobs import enqueue, job, sweeper


@job(queue="exports", timeout=3_600, tries=2)
async def make_export(export_id: UUID) -> None:
    """One file; nothing when it is made already."""
    await actions.make(present_site(), export_id)


@sweeper(name="exports_waiting")
async def find_exports() -> None:
    """Files that nobody makes."""
    for export_id in await actions.waiting():
        await enqueue(make_export, _unique=str(export_id), export_id=export_id)


@job(at="04:20", at_start=True, name="exports_prune")
async def prune() -> None:
    """Files live for a week."""
    await actions.forget_old(present_site().state.settings.data_dir)
