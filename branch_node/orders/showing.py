"""What the page of one order shows: its way, facts, money, approval and execution plan."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request

from branch_node.approvals.queries import approvers_for
from branch_node.approvals.rules import covering, names_of
from branch_node.approvals.words import request_notes
from branch_node.home import today
from branch_node.listing import scope_of
from branch_node.orders.pages import ShowPage, StepNote
from branch_node.orders.queries import customer_of, lines_of, receivables_of, steps_of
from branch_node.orders.rules import IN_EFFECT, ORDER, instalments, is_late, step_states
from branch_node.orders.shares import shares_of
from branch_node.orders.steps import effect_of, facts_of, kinds
from branch_node.own_fields import custom_fields, custom_label, custom_text
from branch_node.staff.queries import names_of as staff_names
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money
from shared.permissions import Person
from shared.records import ExecutionStep, Order, OrderShare
from shared.web import filters as show
from shared.web.forms import Form, empty_form
from shared.web.parts import Action, Step

ROW_LABELS: Mapping[str, Mapping[str, str]] = {
    "line": {
        "product_id": N_("Line %(n)s: product"), "text": N_("Line %(n)s: text"), "quantity": N_("Line %(n)s: quantity"),
        "list_price": N_("Line %(n)s: list price"), "discount": N_("Line %(n)s: discount in percent"),
        "price": N_("Line %(n)s: net price"),
    },
    "part": {
        "share": N_("Instalment %(n)s: share in percent"), "amount": N_("Instalment %(n)s: amount"),
        "days": N_("Instalment %(n)s: days after approval"),
    },
    "share": {"employee_id": N_("Seller %(n)s"), "percent": N_("Seller %(n)s: share in percent")},
}  # fmt: skip
"""What the boxes of a row are called, by the kind of row, in their order."""


def document_labels(faulty: Iterable[str], custom: Mapping[str, str] | None = None) -> dict[str, str]:
    """The label of each box of a document in the order of the boxes, for the summary of faults.

    `faulty` are the names of the boxes with messages: rows of lines, instalments and shares are named as far as they have one.
    `custom` are the labels of the branch's own fields.
    """
    names = list(faulty)
    return {
        "customer_id": _("Customer"),
        "happened_on": _("Date"),
        "required_on": _("Wanted on"),
        "valid_until_on": _("Valid until"),
        "currency": _("Currency"),
        "payment_terms_days": _("Payment terms"),
        "customer_reference": _("Customer's order number"),
        "ship_to": _("Ship to"),
        **row_labels("line", names),
        "discount": _("Header discount"),
        "discount_bp": _("Header discount"),
        "tax": _("Tax rate"),
        "terms": _("Terms"),
        **row_labels("part", names),
        "instalments": _("Instalments"),
        **row_labels("share", names),
        "shares": _("Seller split"),
        **(custom or {}),
        "notes": _("Notes"),
    }


def row_labels(kind: str, names: Iterable[str]) -> dict[str, str]:
    """The labels of those boxes named "line-0-price" and the like that belong to rows of this kind, row by row."""
    places = {int(found[1]) for name in names if (found := re.fullmatch(rf"{kind}-([0-9]{{1,6}})-\w+", name))}
    return {
        f"{kind}-{place}-{column}": _(label, n=place + 1)
        for place in sorted(places)
        for column, label in ROW_LABELS[kind].items()
    }


async def show_page(
    request: Request, order: Order, *, form: Form[Any] | None = None, ship_form: Form[Any] | None = None
) -> ShowPage:
    """Everything about one order within a fixed number of queries."""
    person: Person = request.state.person
    steps, known = await steps_of(order.id), await kinds()
    shares = await shares_of(order.id)
    people = await people_of(order, steps, shares)
    is_running = order.status in ("approved", "executing")
    return ShowPage(
        order=order,
        customer=await customer_of(order),
        title=_("Order %(number)s", number=order.number),
        scope=scope_of(person, "order.view"),
        actions=actions_of(order, person, is_done=all(row.status in ("done", "skipped") for row in steps)),
        way=way_of(order, people),
        lines=await lines_of(order.id),
        facts=await facts(order, people, shares),
        requests=await request_notes("order", order.id),
        receivables=await receivables_of(order.id) if order.status in IN_EFFECT else [],
        planned=instalments(
            order.total_minor, order.total_minor, order.instalment_plan, today(), order.payment_terms_days
        ),
        steps=step_notes(steps, known, people),
        kinds=[kind for kind in known.values() if kind.effect != "collect"],
        today=today(),
        limit_bp=person.discount_limit_bp,
        approvers=await approvers_of(order, person),
        can_edit_steps=is_running and person.may("order.edit"),
        can_ship=is_running and order.shipped_on is None and person.may("order.ship"),
        can_see_money=person.may("receivable.view"),
        form=form or empty_form(),
        ship_form=ship_form or empty_form(shipped_on=today()),
    )


async def people_of(
    order: Order, steps: Sequence[ExecutionStep], shares: Sequence[OrderShare]
) -> Mapping[UUID | None, str]:
    """The names of everybody who had to do with the order."""
    of_steps = (one for row in steps for one in (row.owner_id, row.done_by))
    sellers = (one.employee_id for one in shares)
    return await staff_names([order.owner_id, order.approved_by, order.submitted_by, *of_steps, *sellers])


async def approvers_of(order: Order, person: Person) -> str:
    """Who could approve it, with their limits; empty when it is decided."""
    if order.status not in ("draft", "rejected", "submitted"):
        return ""
    needed = order.effective_discount_bp if order.effective_discount_bp > person.discount_limit_bp else 0
    found = await approvers_for("order.approve", order.owner_id, order.department_id)
    return names_of(covering(found, {order.owner_id or person.id, person.id}, needed))


def actions_of(order: Order, person: Person, *, is_done: bool) -> list[Action]:
    """What this person may do now; the first thing to do is the primary one."""
    url, allowed = f"/orders/{order.id}", ORDER.allowed(order.status)
    found: list[Action] = []
    if "submit" in allowed and person.may("order.submit"):
        found.append(
            Action(_("Submit for approval"), f"{url}/submit", "send", is_primary=True, method="POST")
        )
    if "withdraw" in allowed and person.may("order.submit"):
        found.append(Action(_("Withdraw"), f"{url}/withdraw", "history", method="POST"))
    if "complete" in allowed and is_done and person.may("order.edit"):
        found.append(Action(_("Complete"), f"{url}/complete", "check", is_primary=True, method="POST"))
    if order.status in IN_EFFECT and person.may("receipt.record"):
        found.append(Action(_("New receipt"), f"/receipts/new?customer={order.customer_id}", "cash"))
    if "edit" in allowed and person.may("order.edit"):
        found.append(Action(_("Edit"), f"{url}/edit", "pencil", key="e"))
    found.append(Action(_("Print"), f"{url}/print", "file-text"))
    if "cancel" in allowed and order.shipped_on is None and person.may("order.cancel"):
        found.append(Action(_("Cancel order"), f"{url}/cancel", "x", is_danger=True))
    return found


def way_of(order: Order, people: Any) -> list[Step]:
    """Entry, approval, execution, completed: how far the order is."""
    reached = {
        "draft": 0,
        "rejected": 0,
        "submitted": 1,
        "approved": 2,
        "executing": 2,
        "completed": 4,
        "cancelled": 0,
    }
    labels = [_("Entry"), _("Approval"), _("Execution"), _("Completed")]
    notes = ["", "", "", ""]
    if order.approved_on is not None:
        notes[1] = f"{show.day(order.approved_on)} {people.get(order.approved_by, '')}"
    if order.completed_on is not None:
        notes[3] = show.day(order.completed_on)
    at = reached[order.status]
    if order.status == "cancelled" and order.approved_on is not None:
        at = 2
    return [
        Step(label, "done" if place < at else "current" if place == at else "ahead", note=notes[place])
        for place, label in enumerate(labels)
    ]


def split_text(shares: Sequence[OrderShare], people: Any) -> str:
    """Who sold how much of it, a line each; with the amount once the order counts."""
    return "\n".join(
        " ".join(
            (
                people.get(one.employee_id, ""),
                f"{show.plain_percent(one.share_bp)}%",
                *([show.money(Money(one.amount_minor, one.currency))] if one.approved_on else []),
            )
        )
        for one in shares
    )


async def facts(order: Order, people: Any, shares: Sequence[OrderShare]) -> list[tuple[str, str]]:
    """The head of the order as label and text; empty ones are left out."""
    rows = [
        (_("Date"), show.day(order.happened_on)),
        (_("Customer's order number"), order.customer_reference),
        (_("Seller"), people.get(order.owner_id, "")),
        (_("Seller split"), split_text(shares, people)),
        (_("Payment terms"), _("%(n)s days", n=order.payment_terms_days)),
        (_("Wanted on"), show.day(order.required_on) if order.required_on else ""),
        (_("Ship to"), order.ship_to),
        (_("Shipped on"), show.day(order.shipped_on) if order.shipped_on else ""),
        (_("Cancelled on"), show.day(order.cancelled_on) if order.cancelled_on else ""),
        (_("Reason"), order.cancel_reason),
    ]
    if order.custom:
        for one in await custom_fields("order"):
            rows.append((custom_label(one), custom_text(one, order.custom.get(one.key))))
    rows.append((_("Notes"), order.notes))
    return [(label, text) for label, text in rows if text]


def step_notes(steps: list[ExecutionStep], known: Any, people: Any) -> list[StepNote]:
    """The execution plan as shown, each step with its state of today."""
    found = facts_of(steps, known)
    states = step_states(found)
    return [
        StepNote(
            row,
            row.title or (known[row.kind].shown if row.kind in known else row.kind),
            states[place],
            is_late(found[place], today()),
            people.get(row.owner_id, ""),
            people.get(row.done_by, ""),
            effect_of(row.kind, known) in ("collect", "ship"),
            place + 1,
        )
        for place, row in enumerate(steps)
    ]
