"""Jobs of imports: on a queue of their own, for a large file takes minutes."""

from uuid import UUID

from branch_node.imports import actions
from shared import log
from shared.jobs import enqueue, job, sweeper

events = log.get_logger()

QUEUE = "imports"
LONGEST_SECONDS = 6 * 3600


@job(queue=QUEUE, timeout=LONGEST_SECONDS, tries=1, name="import_work")
async def do_import_work(job_id: UUID) -> None:
    """Do what an ImportJob asks for, then see to the next one; does nothing while any import is at work."""
    if await actions.perform(job_id):
        await sweep_imports()


@sweeper(name="import_sweep")
async def sweep_imports() -> None:
    """Find work that nobody does."""
    for job_id in await actions.unattended():
        await enqueue(do_import_work, _unique=str(job_id), job_id=job_id)


@job(at="03:40", name="import_files")
async def forget_import_files() -> None:
    """Delete uploaded files that are no longer needed."""
    events.info("old import files deleted", folders=await actions.forget_old_files())
