"""What follows an approved order: its steps, shipment, completion; and the credit limit with what exceeded it."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from uuid import UUID

from branch_node.approvals.rules import CreditStanding, reasons
from branch_node.seeding.company import Company
from branch_node.seeding.customers import Buyer
from branch_node.seeding.money import Debt, Money
from branch_node.seeding.sales import Deal
from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.money import convert, round_half_even
from shared.records import CreditRecord, ExecutionStep

LATE_PERCENT = 12


def carry_out(scene: Scene, company: Company, deals: Sequence[Deal], money: Money) -> None:
    """Steps of every approved order with what was done of them by now, and the state of the order that follows."""
    dice = scene.dice("execution")
    debts = {debt.id: debt for debt in money.all_debts()}
    for deal in deals:
        if deal.is_in_effect:
            _plan_steps(scene, deal)
            _do_steps(scene, company, dice, deal, debts)


def _plan_steps(scene: Scene, deal: Deal) -> None:
    """Pick, ship and one collection per instalment by due day, as approval plans them."""
    order = deal.row
    ship_on = max(order["required_on"], order["approved_on"])
    pick_on = max(ship_on - timedelta(days=1), order["approved_on"])
    planned: list[Row] = [{"kind": "pick", "due_on": pick_on}, {"kind": "ship", "due_on": ship_on}]
    planned += [
        {
            "kind": "collect", "due_on": row["due_on"], "receivable_id": row["id"], "amount_minor": row["amount_minor"],
        }
        for row in deal.receivables
    ]  # fmt: skip
    planned.sort(key=lambda step: step["due_on"])
    for position, values in enumerate(planned, 1):
        deal.steps.append(
            scene.rows.add(
                ExecutionStep, order["approved_at"], order["approved_by"], order_id=order["id"],
                owner_id=order["owner_id"], position=position, **values,
            )
        )  # fmt: skip


def _do_steps(scene: Scene, company: Company, dice: Random, deal: Deal, debts: dict[UUID, Debt]) -> None:
    """Goods leave about when promised, collections are done when settled; a cancelled order's open steps go."""
    order = deal.row
    if order["cancelled_on"] is not None:
        at = scene.at(order["cancelled_on"], dice)
        for step in deal.steps:
            step.update(deleted_at=at, changed_at=at, revision=2)
        return
    ship = next(step for step in deal.steps if step["kind"] == "ship")
    delay = dice.randrange(2, 12) if dice.randrange(100) < LATE_PERCENT else -dice.randrange(0, 4)
    shipped_on = max(scene.later(ship["due_on"], delay), order["approved_on"])
    last_day = scene.past_workdays[-1]
    by = company.the("customers").id
    for step in deal.steps:
        done_on: date | None
        if step["kind"] == "collect":
            done_on, by_whom = debts[step["receivable_id"]].settled_on(), company.the("finance").id
        else:
            before = 1 if step["kind"] == "pick" else 0
            done_on, by_whom = max(shipped_on - timedelta(days=before), order["approved_on"]), by
        if done_on is not None and done_on <= last_day:
            at = scene.at(done_on, dice, 16 * 60)
            step.update(
                status="done", done_on=done_on, done_by=by_whom, changed_at=at, changed_by=by_whom, revision=2
            )
    done = [step["done_on"] for step in deal.steps if step["status"] == "done"]
    if shipped_on <= last_day:
        order["shipped_on"] = shipped_on
    if len(done) == len(deal.steps):
        order.update(status="completed", completed_on=max(done))
    elif done:
        order["status"] = "executing"


# --- credit -----------------------------------------------------------------------------------------------------


def set_credit(
    scene: Scene, company: Company, buyers: Sequence[Buyer], money: Money, deals: Sequence[Deal]
) -> None:
    """A limit with room above the highest exposure for most customers, below it for a few: there the request for
    the order that went over says so."""
    dice = scene.dice("credit")
    by_customer: dict[UUID, list[Deal]] = {}
    for deal in deals:
        if deal.is_in_effect:
            by_customer.setdefault(deal.buyer.id, []).append(deal)
    for buyer in buyers:
        own = by_customer.get(buyer.id)
        if not own:
            continue
        standings = [(deal, _exposure(deal, money.debts[buyer.id])) for deal in own]
        peak = max(found.exposure_minor for _, found in standings)
        percent = dice.randrange(78, 96) if dice.random() < 0.06 else dice.randrange(112, 190)
        limit = scene.round_price(peak * percent // 100, scene.branch.currency)
        _write_limit(scene, company, dice, buyer, limit)
        for deal, found in standings:
            _note_excess(deal, replace(found, limit_minor=limit))


def _exposure(deal: Deal, debts: Sequence[Debt]) -> CreditStanding:
    """The customer's open base amounts when this order was approved: all instalments of orders approved before."""
    approved_on, approved_at = deal.row["approved_on"], deal.row["approved_at"]
    open_minor = undelivered = 0
    for debt in debts:
        order = debt.deal.row
        cancelled = order["cancelled_on"]
        if order["approved_at"] >= approved_at or (cancelled is not None and cancelled <= approved_on):
            continue
        rest = debt.base_remaining_on(approved_on)
        open_minor += rest
        if order["shipped_on"] is None or order["shipped_on"] > approved_on:
            undelivered += rest
    return CreditStanding(None, open_minor, undelivered, int(deal.row["base_minor"]))


def _write_limit(scene: Scene, company: Company, dice: Random, buyer: Buyer, limit_base: int) -> None:
    """The limit in the customer's currency, with its dated entry."""
    currency, since = buyer.row["currency"], buyer.row["signed_on"]
    limit = limit_base
    if currency != scene.branch.currency:
        inverse = round_half_even(10**18, scene.rate(currency, scene.until))
        limit = convert(limit_base, scene.branch.currency, currency, inverse)
    buyer.row["credit_limit_minor"] = limit
    scene.rows.add(
        CreditRecord, scene.at(since, dice), company.the("finance").id, customer_id=buyer.id, kind="limit",
        happened_on=since, limit_minor=limit, currency=currency,
    )  # fmt: skip


def _note_excess(deal: Deal, credit: CreditStanding) -> None:
    """Put the credit reason on the order's request when it took the customer over the limit."""
    if not credit.is_over or deal.asked is None:
        return
    deal.asked.give(
        reasons(
            effective_bp=deal.row["effective_discount_bp"], author_limit_bp=deal.author.limit_bp, credit=credit
        )
    )  # fmt: skip
