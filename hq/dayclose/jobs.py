"""Statements are checked as they come, and all of the last month again each night."""

from datetime import timedelta

from hq.dayclose.actions import ask_about, check_days, check_new
from shared import clock, log
from shared.jobs import job

events = log.get_logger()
DAYS_AT_ONCE = 40
DAYS_BY_NIGHT = 31


@job(every=300, at_start=True, name="day_close_check", queue="long", timeout=1_800)
async def check_statements() -> None:
    """What was stated or stated anew since the last time."""
    checks = await check_new(DAYS_AT_ONCE)
    if checks:
        events.info("day closes checked", count=len(checks), red=sum(one.state == "red" for one in checks))


@job(at="03:10", name="day_close_recheck", queue="long", timeout=3_600)
async def check_month_again() -> None:
    """Rows may have been changed here since they were green."""
    today = clock.now().date()
    await ask_about(await check_days([today - timedelta(days=n) for n in range(DAYS_BY_NIGHT + 1)]))
