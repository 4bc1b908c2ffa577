"""Reads of the record of hand-overs."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import as_kind
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.database.scope import reach_sql
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import Person, reach


@dataclass(frozen=True)
class HandOver:
    """One hand-over as it was noted: by whom, from whom to whom, why, how many of each kind moved, and when it was taken
    back."""

    id: UUID
    at: datetime
    by: str
    from_name: str
    to_name: str
    reason: str
    moved: Mapping[str, int]
    undone_at: datetime | None

    @property
    def words(self) -> str:
        """What moved, for the reader."""
        return moved_words(self.moved)


async def hand_overs(person: Person) -> list[HandOver]:
    """The last hundred hand-overs of employees within reach of customer.assign, newest first. One query."""
    condition, params = reach_sql(reach(person, "customer.assign"), "e.id", "e.department_id")
    rows = await fetch_all(
        "SELECT a.id, a.recorded_at, a.person_name, a.details, u.recorded_at AS undone_at FROM audit_entry a "
        "JOIN employee e ON e.id = a.entity_id "
        "LEFT JOIN audit_entry u ON u.entity_id = a.id AND u.action = 'customers.handed_back' "
        "WHERE a.branch = :branch AND a.action = 'customers.handed_over' AND a.deleted_at IS NULL "
        f"AND {condition} ORDER BY a.recorded_at DESC, a.id DESC LIMIT 100",
        branch=home().code,
        **params,
    )
    return [_hand_over(row, json.loads(row["details"])) for row in rows]


def _hand_over(row: Mapping[str, Any], details: Mapping[str, Any]) -> HandOver:
    return HandOver(
        as_kind(row["id"], UUID),
        from_micros(int(row["recorded_at"])),
        row["person_name"],
        details["from"],
        details["to"],
        details.get("reason", ""),
        details["moved"],
        from_micros(int(row["undone_at"])) if row["undone_at"] is not None else None,
    )


def moved_words(moved: Mapping[str, int]) -> str:
    """What went from one to the other: "18 customers, 1 quote"; what did not move is not named."""
    parts = {
        "customers": ngettext("%(n)s customer", "%(n)s customers", moved.get("customers", 0)),
        "tasks": ngettext("%(n)s task", "%(n)s tasks", moved.get("tasks", 0)),
        "followups": ngettext(
            "%(n)s planned follow-up", "%(n)s planned follow-ups", moved.get("followups", 0)
        ),
        "feedback": ngettext("%(n)s feedback", "%(n)s feedback", moved.get("feedback", 0)),
        "opportunities": ngettext("%(n)s opportunity", "%(n)s opportunities", moved.get("opportunities", 0)),
        "quotations": ngettext("%(n)s quote", "%(n)s quotes", moved.get("quotations", 0)),
    }
    return _(", ").join(text for name, text in parts.items() if moved.get(name)) or _("nothing")
