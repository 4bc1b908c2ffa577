"""What happens to late instalments: disputes, promises to pay, dunning notices by level."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from branch_node.dunning.rules import DEFAULT_LEVELS
from branch_node.seeding.company import Company
from branch_node.seeding.money import Debt, Money
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import DISPUTE_REASONS, sentence
from shared.records import DunningLevel, DunningNotice, PromiseToPay

LEVELS = [row for row in DEFAULT_LEVELS if row[1] > 0]
DISPUTES = 5


@dataclass(frozen=True)
class Promise:
    """From when to when no notice is sent."""

    given_on: date
    promised_on: date


def follow_up(scene: Scene, company: Company, money: Money) -> None:
    """Levels, and for every late instalment what was sent, promised or disputed by now."""
    dice = scene.dice("dunning")
    born = scene.instant(scene.first - timedelta(days=1), 17 * 60 + 20)
    for level, days, subject, body, subject_en, body_en in DEFAULT_LEVELS:
        scene.rows.add(
            DunningLevel, born, level=level, days_past_due=days, subject=subject, body=body, subject_en=subject_en,
            body_en=body_en,
        )  # fmt: skip
    disputes = _dispute(scene, dice, money)
    for debt in money.all_debts():
        if debt.row["cancelled_on"] is not None:
            continue
        disputed_on = disputes.get(id(debt))
        promise = _promise(scene, company, dice, debt) if disputed_on is None else None
        for level, day in _notice_days(scene, debt):
            is_promised = promise is not None and promise.given_on <= day <= promise.promised_on
            if is_promised or (disputed_on is not None and disputed_on <= day):
                continue
            scene.rows.add(
                DunningNotice, scene.instant(day, 9 * 60 + 5), None, receivable_id=debt.id,
                customer_id=debt.row["customer_id"], level=level, happened_on=day, currency=debt.row["currency"],
                remaining_minor=debt.remaining_on(day), sent_at=scene.instant(day, 9 * 60 + 6), status="sent",
            )  # fmt: skip


def _notice_days(scene: Scene, debt: Debt) -> Iterator[tuple[int, date]]:
    """Levels reached while something remained; each on the day it was reached."""
    for level, days, *_ in LEVELS:
        day = debt.row["due_on"] + timedelta(days=days)
        if scene.first <= day <= scene.past_workdays[-1] and debt.remaining_on(day) > 0:
            yield level, day


def _dispute(scene: Scene, dice: Random, money: Money) -> dict[int, date]:
    """A handful of overdue instalments are disputed since a few days after they fell due; by identity of the debt."""
    latest = scene.past_workdays[-1]
    overdue = [
        debt
        for debt in money.all_debts()
        if debt.row["cancelled_on"] is None and debt.remaining > 0 and (latest - debt.row["due_on"]).days > 12
    ]
    found: dict[int, date] = {}
    for debt in dice.sample(overdue, min(DISPUTES, len(overdue))):
        day = scene.later(debt.row["due_on"], dice.randrange(4, 10))
        debt.row["disputed_at"] = scene.at(day, dice)
        debt.row["dispute_reason"] = sentence(scene.branch.language, DISPUTE_REASONS, dice)
        debt.deal.row["is_disputed"] = True
        found[id(debt)] = day
    return found


def _promise(scene: Scene, company: Company, dice: Random, debt: Debt) -> Promise | None:
    """Some late payers give a date: kept when nothing remained by then, broken when it passed, else open."""
    age = (scene.until - debt.row["due_on"]).days
    day = scene.later(
        debt.row["due_on"], dice.randrange(5, 12) if debt.remaining == 0 else dice.randrange(5, max(age, 6))
    )
    if day > scene.past_workdays[-1] or debt.remaining_on(day) == 0 or dice.random() > 0.24:
        return None
    settled_on = debt.settled_on()
    if settled_on is not None and settled_on > day and dice.random() < 0.6:
        promised_on = scene.later(settled_on, dice.randrange(0, 3))
    else:
        promised_on = scene.later(day, dice.randrange(6, 16))
    if settled_on is not None and settled_on <= promised_on:
        status = "kept"
    else:
        status = "broken" if promised_on < scene.until else "open"
    scene.rows.add(
        PromiseToPay, scene.at(day, dice), debt.row["owner_id"], receivable_id=debt.id,
        customer_id=debt.row["customer_id"], happened_on=day, promised_on=promised_on, currency=debt.row["currency"],
        amount_minor=debt.remaining_on(day), status=status,
    )  # fmt: skip
    return Promise(day, promised_on)
