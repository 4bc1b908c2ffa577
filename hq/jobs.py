"""Registers all jobs of headquarters: what each feature does by itself, and what the site does by the clock."""

from importlib import import_module

from hq.figures import journal
from shared import log
from shared.database import refresh_statistics
from shared.jobs import job

events = log.get_logger()
FEATURES: tuple[str, ...] = (
    "dayclose",
    "directives",
    "exports",
    "mail",
    "news",
    "replication",
    "reports",
    "warnings",
)
"""The features with a jobs.py."""


@job(at="03:40", at_start=True, name="journal_prune")
async def prune_journal() -> None:
    """Forget when entries arrived that were on time and are older than a week."""
    events.info("journal pruned", count=await journal.prune())


@job(at="04:40", name="statistics")
async def count_indexes() -> None:
    """Let SQLite count what its indexes hold."""
    await refresh_statistics()


def register_jobs() -> None:
    """Import every feature's jobs.py, which registers its jobs."""
    for feature in FEATURES:
        import_module(f"hq.{feature}.jobs")
