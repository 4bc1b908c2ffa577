"""What happens to directives by the clock: reminders before and after the deadline."""

from hq.directives.actions import remind
from hq.directives.queries import counts_of
from hq.directives.rules import reminder_due
from shared import clock, log
from shared.jobs import job
from shared.periods import local_date
from shared.records import Directive

events = log.get_logger()
ZONE = "Asia/Shanghai"


@job(every=900, at_start=True, name="directive_reminders")
async def send_reminders() -> None:
    """Remind of every directive whose deadline is near or past and that somebody has not acknowledged."""
    today = local_date(clock.now(), ZONE)
    issued = await Directive.filter(status="issued", deleted_at=None, deadline_on__not_isnull=True)
    counts = await counts_of([str(row.id) for row in issued], None)
    reminded = 0
    for row in issued:
        progress = counts.get(str(row.id))
        last = local_date(row.reminded_at, ZONE) if row.reminded_at else None
        is_open = progress is not None and progress.acknowledged < progress.total
        if is_open and reminder_due(row.deadline_on, today, last):
            await remind(row)
            reminded += 1
    if reminded:
        events.info("directives reminded", count=reminded)
