"""What stands in somebody's calendar."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from branch_node.calendar.models import CalendarFeed
from branch_node.calendar.rules import Entry, time_of
from branch_node.home import home, today
from branch_node.lists import as_kind
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.permissions import Person
from shared.web.models import Account
from shared.web.session import token_hash

DAYS_BACK, DAYS_AHEAD, LIMIT = 31, 366, 2_000

PLANS_SQL = """
SELECT 'plan' AS kind, i.id, i.text AS title, i.happened_on AS day, i.at_time, i.status, i.customer_id,
  coalesce(i.changed_at, i.recorded_at) AS stamp, c.name AS customer, c.city, c.address
FROM plan_item i LEFT JOIN customer c ON c.id = i.customer_id
WHERE i.employee_id = :me AND i.deleted_at IS NULL AND i.status IN ('planned', 'done')
  AND i.happened_on BETWEEN :first AND :last
"""
FOLLOWUPS_SQL = """
SELECT 'followup' AS kind, a.id, a.subject AS title, a.planned_on AS day, '' AS at_time, a.status, a.customer_id,
  coalesce(a.changed_at, a.recorded_at) AS stamp, c.name AS customer, c.city, c.address
FROM activity a LEFT JOIN customer c ON c.id = a.customer_id
WHERE a.owner_id = :me AND a.deleted_at IS NULL AND a.status = 'planned' AND a.planned_on BETWEEN :first AND :last
"""


async def entries_of(person: Person, address: str) -> list[Entry]:
    """Plan items of a month back and all that is ahead, and planned follow-ups, as far as the person may see them.

    `address` is the site's, for links. One query.
    """
    parts = [
        sql
        for right, sql in (("plan.view", PLANS_SQL), ("followup.view", FOLLOWUPS_SQL))
        if person.may(right)
    ]
    if not parts:
        return []
    rows = await fetch_all(
        " UNION ALL ".join(parts) + f" ORDER BY 4, 5, 2 LIMIT {LIMIT}",
        me=person.id,
        first=today() - timedelta(days=DAYS_BACK),
        last=today() + timedelta(days=DAYS_AHEAD),
    )
    return [_entry(row, address.rstrip("/")) for row in rows]


def _entry(row: Mapping[str, Any], address: str) -> Entry:
    customer = row["customer"] or ""
    path = (
        f"/followups/{row['id']}" if row["kind"] == "followup" else f"/plan?day={as_kind(row['day'], date)}"
    )
    return Entry(
        uid=f"{row['id']}@{home().code.lower()}.trunkline",
        title=f"{row['title']} · {customer}" if customer else row["title"],
        day=as_kind(row["day"], date),
        at=time_of(row["at_time"]),
        stamp=from_micros(int(row["stamp"])),
        url=f"{address}{path}",
        place=" ".join(part for part in (row["city"], row["address"]) if part),
        is_done=row["status"] == "done",
    )


async def feed_of(account_id: UUID) -> CalendarFeed | None:
    """The account's present address, without its secret."""
    return await CalendarFeed.get_or_none(account_id=account_id)


async def account_behind(token: str) -> Account | None:
    """Whose calendar a secret opens; None for an unknown one and for an account that is disabled."""
    feed = await CalendarFeed.get_or_none(token_hash=token_hash(token))
    account = await Account.get_or_none(id=feed.account_id) if feed else None
    return account if account is not None and account.disabled_at is None else None
