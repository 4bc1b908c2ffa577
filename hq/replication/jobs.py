"""Proof by the clock: every row is hashed again each night, and tables that are not proved are looked into at once."""

from hq.replication.quarantine import overtaken, replay, retry
from hq.replication.scrub import scrub_all, scrub_branch, unexplained
from shared import log
from shared.jobs import job

events = log.get_logger()
LOW_PRIORITY = 1.0


@job(at="02:30", name="scrub", queue="long", timeout=6 * 3_600)
async def scrub_by_night() -> None:
    """Every branch, at half of a processor at most."""
    runs = await scrub_all("schedule", rest=LOW_PRIORITY)
    events.info("branches scrubbed", count=len(runs), rows=sum(run.rows for run in runs))


@job(every=60, name="scrub_unproven", queue="long", timeout=3_600)
async def scrub_unproven() -> None:
    """Ask about tables whose digest is not the branch's own and of which nothing is set aside."""
    for branch in await unexplained():
        await scrub_branch(branch, "unproven", rest=LOW_PRIORITY)


@job(name="scrub_one", queue="long", timeout=3_600)
async def scrub_now(branch: str) -> None:
    """One branch, because somebody asked for it on its page."""
    await scrub_branch(branch, "page")


@job(at="04:20", at_start=True, name="quarantine_replay", queue="long", timeout=1_800)
async def replay_quarantine() -> None:
    """After an upgrade, and once a day: what was set aside may be understood now."""
    await replay()


@job(every=300, name="quarantine_overtaken", queue="long", timeout=600)
async def settle_overtaken() -> None:
    """Changes set aside that a later one has overtaken are settled."""
    for branch in await overtaken():
        await retry(branch)
