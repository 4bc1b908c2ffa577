"""What happens to orders by the clock: whoever owes a step that is late is told, once per step and day it was due."""

from datetime import date
from uuid import UUID

from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.notifications.actions import tell
from shared import log
from shared.database import fetch_all, transaction
from shared.i18n import N_
from shared.jobs import job

events = log.get_logger()

LATE = N_("%(number)s of %(customer)s: a step due on %(day)s is late.")
LATE_SQL = """
SELECT s.id, s.owner_id, s.due_on, s.order_id, o.number, c.name FROM execution_step s
JOIN sales_order o ON o.id = s.order_id JOIN customer c ON c.id = o.customer_id
WHERE s.branch = :branch AND s.deleted_at IS NULL AND s.status NOT IN ('done', 'skipped') AND s.due_on < :today
  AND s.kind <> 'collect' AND s.receivable_id IS NULL AND o.status IN ('approved', 'executing')
  AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.person_id = s.owner_id
    AND n.occasion = 'step:' || CAST(s.id AS VARCHAR(36)) || ':' || CAST(s.due_on AS VARCHAR(10)))
ORDER BY s.due_on, s.id LIMIT 1000"""


async def tell_late_steps() -> int:
    """How many were told; late payments are dunning's."""
    count = 0
    for row in await fetch_all(LATE_SQL, branch=home().code, today=today()):
        day = as_kind(row["due_on"], date)
        async with transaction():
            count += await tell(
                [as_kind(row["owner_id"], UUID)], "step_late", LATE, f"/orders/{row['order_id']}",
                f"step:{row['id']}:{day}", number=row["number"], customer=row["name"], day=day,
            )  # fmt: skip
    return count


@job(at="08:10", at_start=True, name="order_steps")
async def late_steps() -> None:
    """Safe to run any number of times."""
    events.info("late steps told", count=await tell_late_steps())
