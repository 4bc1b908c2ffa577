"""Reads for the import pages."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from branch_node.imports.models import ImportJob
from branch_node.lists import Cut, Paging, Sort
from shared.database import fetch_all
from shared.errors import NotFound
from shared.records import ImportRun

SORTS: Mapping[str, Sort] = {"created": Sort("j.created_at", int)}

JOBS_SQL = """
SELECT j.id, j.kind, j.title, j.state, j.started_by_name, j.created_at, j.account, r.undone_at,
  j.created_at AS sort_value
FROM import_job j LEFT JOIN import_run r ON r.id = j.run_id
WHERE {page} {order}
"""


async def job_page(paging: Paging) -> Cut[Mapping[str, Any]]:
    """A page of imports, dry runs and undos, newest first."""
    page, order, params = paging.sql("j.id")
    return paging.cut(await fetch_all(JOBS_SQL.format(page=page, order=order), **params))


async def running_jobs() -> list[ImportJob]:
    """What waits or runs now, oldest first."""
    return await ImportJob.filter(state__in=("waiting", "running")).order_by("created_at").limit(5)


async def job_for(job_id: UUID) -> ImportJob:
    """The job; NotFound when there is none."""
    found = await ImportJob.get_or_none(id=job_id)
    if found is None:
        raise NotFound()
    return found


async def run_of(job: ImportJob) -> ImportRun | None:
    """The run that a job made or took back."""
    return await ImportRun.get_or_none(id=job.run_id) if job.run_id is not None else None


async def undo_of(run_id: UUID) -> ImportJob | None:
    """The undo of a run that waits, runs or is done."""
    return (
        await ImportJob.filter(run_id=run_id, kind="undo", state__in=("waiting", "running", "done"))
        .order_by("-created_at")
        .first()
    )
