"""Reads of the record of hand-overs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from branch_node.home import home
from shared.database import fetch_all
from shared.database.fields import from_micros
from shared.database.scope import reach_sql
from shared.permissions import Person, reach


@dataclass(frozen=True)
class HandOver:
    """One hand-over as it was noted: by whom, from whom to whom, why, and how many of each kind moved."""

    at: datetime
    by: str
    from_name: str
    to_name: str
    reason: str
    moved: Mapping[str, int]


async def hand_overs(person: Person) -> list[HandOver]:
    """The last hundred hand-overs of employees within reach of customer.assign, newest first. One query."""
    condition, params = reach_sql(reach(person, "customer.assign"), "e.id", "e.department_id")
    rows = await fetch_all(
        "SELECT a.recorded_at, a.person_name, a.details FROM audit_entry a JOIN employee e ON e.id = a.entity_id "
        "WHERE a.branch = :branch AND a.action = 'customers.handed_over' AND a.deleted_at IS NULL "
        f"AND {condition} ORDER BY a.recorded_at DESC, a.id DESC LIMIT 100",
        branch=home().code,
        **params,
    )
    return [_hand_over(row["recorded_at"], row["person_name"], json.loads(row["details"])) for row in rows]


def _hand_over(micros: int, by: str, details: Mapping[str, Any]) -> HandOver:
    return HandOver(
        from_micros(int(micros)),
        by,
        details["from"],
        details["to"],
        details.get("reason", ""),
        details["moved"],
    )
