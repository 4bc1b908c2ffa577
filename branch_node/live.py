"""Tells open pages whose work has changed, by reading what was added to the change log.

One reader per site, whoever wrote: a page, the API, a job, the command line or another web process. It looks when
something was committed here, else every few seconds, and at most twice a second.
"""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette

from shared.database import fetch_all, fetch_value
from shared.database.nudge import Nudge
from shared.web.live import Hub

TEAM = "team"
WORK_TABLES = ("plan_item", "daily_plan", "task", "activity")
LOOK_SECONDS = 3.0
REST_SECONDS = 0.5
ROW_LIMIT = 500


def plan_topic(employee_id: object) -> str:
    """What My day of this employee listens to."""
    return f"plan-{employee_id}"


def topics_of(table: str, row: Mapping[str, Any]) -> set[str]:
    """Who is to be told of a changed row: the employee it belongs to, and whoever looks at the team."""
    employee = row.get("employee_id") or row.get("owner_id")
    return {TEAM, plan_topic(employee)} if table in WORK_TABLES and employee else set()


async def watch_work(app: Starlette) -> None:
    """Until the site stops. What happens while no page is open is passed over."""
    hub: Hub = app.state.hub
    nudge = Nudge()
    nudge.listen()
    last = await newest()
    try:
        while True:
            await nudge.wait(LOOK_SECONDS)
            nudge.clear()
            head = await newest()
            if head > last and hub.streams:
                hub.publish(*await changed_topics(last, head))
            last = head
            await asyncio.sleep(REST_SECONDS)
    finally:
        nudge.forget()


async def newest() -> int:
    """The newest position of the log, 0 while it is empty."""
    return int(await fetch_value("SELECT max(seq) AS last FROM change") or 0)


async def changed_topics(after: int, until: int) -> set[str]:
    """The topics of the changes in (after, until]; of a large batch only that the team has changed."""
    rows = await fetch_all(
        "SELECT tbl, row_after, row_before FROM change WHERE seq > :after AND seq <= :until AND tbl IN :tables "
        f"ORDER BY seq LIMIT {ROW_LIMIT + 1}",
        after=after,
        until=until,
        tables=list(WORK_TABLES),
    )
    if len(rows) > ROW_LIMIT:
        return {TEAM}
    found: set[str] = set()
    for row in rows:
        for image in (row["row_after"], row["row_before"]):
            if image:
                found |= topics_of(row["tbl"], json.loads(image))
    return found
