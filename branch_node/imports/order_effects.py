"""What an imported order brings to its customer and its execution plan, as rows. Pure but for new ids and the clock."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from branch_node.imports.tables import new_row
from branch_node.lists import as_kind
from branch_node.orders.steps import DELIVERY_DAYS
from shared.records import ExecutionStep


def signed(row: Mapping[str, Any], first: date) -> dict[str, Any]:
    """A customer's days and status when its first approved order is of this day."""
    signed_on = as_kind(row["signed_on"], date) if row["signed_on"] else first
    acquired_on = as_kind(row["acquired_on"], date)
    status = "customer" if row["status"] in ("prospect", "dormant", "lost") else row["status"]
    return {"signed_on": min(signed_on, first), "acquired_on": min(acquired_on, first), "status": status}


def steps_of(
    order: Mapping[str, Any], receivables: Sequence[Mapping[str, Any]], at: int
) -> list[dict[str, Any]]:
    """Pick, ship and collect, as approval plans them; what the file shows as shipped is done."""
    ship_on = order["required_on"] or order["approved_on"] + timedelta(days=DELIVERY_DAYS)
    pick_on = max(ship_on - timedelta(days=1), order["approved_on"])
    shipped = order["shipped_on"]
    done = {"status": "done", "done_on": shipped} if shipped else {}
    planned: list[dict[str, Any]] = [
        {"kind": "pick", "due_on": pick_on, **done},
        {"kind": "ship", "due_on": ship_on, **done},
        *(
            {
                "kind": "collect",
                "due_on": row["due_on"],
                "receivable_id": row["id"],
                "amount_minor": row["amount_minor"],
            }
            for row in receivables
        ),
    ]
    planned.sort(key=lambda step: step["due_on"])
    return [
        new_row(ExecutionStep, at, order_id=order["id"], owner_id=order["owner_id"], position=number, **step)
        for number, step in enumerate(planned, 1)
    ]
