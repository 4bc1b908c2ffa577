"""Registers all jobs of the branch: each feature's jobs.py, and what the branch does by the clock."""

from importlib import import_module
from importlib.util import find_spec

from branch_node.plans.actions import close_past_plans
from branch_node.replication.closing import close_days
from branch_node.replication.pruning import prune
from branch_node.routes import FEATURES
from branch_node.staff.actions import carry_out_moves
from shared import log
from shared.database import engine, execute
from shared.jobs import job

events = log.get_logger()


@job(at="00:10", at_start=True, name="staff_moves")
async def move_staff() -> None:
    """Put into force the assignments that begin today."""
    events.info("staff moved", count=await carry_out_moves())


@job(at="04:00", at_start=True, name="past_plans")
async def close_plans() -> None:
    """Close the plans of earlier days that nobody closed; their open items are carried over."""
    events.info("past plans closed", count=await close_past_plans())


@job(at="04:40", at_start=True, name="statistics")
async def refresh_statistics() -> None:
    """Let SQLite count what its indexes hold, so that it picks the right one; PostgreSQL does so by itself."""
    if engine() == "sqlite":
        await execute("PRAGMA analysis_limit = 1000")
        await execute("PRAGMA optimize = 0x10012")
        events.info("statistics refreshed")


@job(every=900, at_start=True, name="day_close", queue="long", timeout=1_800)
async def state_closed_days() -> None:
    """State what each ledger holds of every day that is over, and anew where a closed day's rows changed."""
    await close_days()


@job(at="03:20", name="log_prune", queue="long", timeout=1_800)
async def prune_log() -> None:
    """Forget changes that headquarters has acknowledged and holds in its last verified backup."""
    events.info("log pruned", count=await prune())


def register_jobs() -> None:
    """Import every feature's jobs.py, which registers its jobs."""
    for feature in FEATURES:
        name = f"branch_node.{feature}.jobs"
        if find_spec(f"branch_node.{feature}") is not None and find_spec(name) is not None:
            import_module(name)
