"""Receivables of approved orders and what became of them: receipts, allocations, credits, write-offs, reversals.

Each customer's events are played in the order of their days, so that nothing ever takes more than what remains.
"""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import count
from random import Random
from uuid import UUID

from branch_node.orders.rules import instalments
from branch_node.receipts.rules import OpenItem, propose_oldest, receipt_share
from branch_node.receivables.rules import Standing, base_share
from branch_node.seeding.company import Company
from branch_node.seeding.customers import PAYERS, Buyer
from branch_node.seeding.sales import Deal
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import CREDIT_REASONS, REVERSE_REASONS, WRITE_OFF_REASONS, sentence
from branch_node.seeding.write import Row
from shared.records import Adjustment, Allocation, Receipt, Receivable

_LAGS = {name: (low, high) for name, _, low, high in PAYERS}


@dataclass
class Debt:
    """One instalment, and what was taken from it on which day (document currency, base currency)."""

    row: Row
    deal: Deal
    taken: list[tuple[date, int, int]] = field(default_factory=list)
    is_disputed: bool = False

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]

    @property
    def standing(self) -> Standing:
        row = self.row
        return Standing(
            self.id, "", row["currency"], row["amount_minor"], row["base_minor"], row["received_minor"],
            row["received_base_minor"], row["credited_minor"], row["credited_base_minor"], row["written_off_minor"],
            row["written_off_base_minor"], row["cancelled_on"] is not None,
        )  # fmt: skip

    @property
    def remaining(self) -> int:
        return self.standing.remaining_minor

    def remaining_on(self, day: date) -> int:
        """What remained at the end of a day, minor units of the document."""
        return int(self.row["amount_minor"]) - sum(part for when, part, _ in self.taken if when <= day)

    def base_remaining_on(self, day: date) -> int:
        """The same in the base currency."""
        return int(self.row["base_minor"]) - sum(base for when, _, base in self.taken if when <= day)

    def settled_on(self) -> date | None:
        """The day on which nothing remained any more, None while something does."""
        return max((when for when, _, _ in self.taken), default=None) if self.remaining == 0 else None


@dataclass
class Money:
    """All instalments by customer, receipts in the order they came."""

    debts: dict[UUID, list[Debt]] = field(default_factory=dict)
    receipts: list[Row] = field(default_factory=list)

    def all_debts(self) -> Iterator[Debt]:
        for debts in self.debts.values():
            yield from debts


def build_money(scene: Scene, company: Company, deals: Sequence[Deal]) -> Money:
    """Play every customer's account; numbers are given at the end, in the order of recording."""
    money = Money()
    dice = scene.dice("money")
    for deal in deals:
        if deal.is_in_effect:
            money.debts.setdefault(deal.buyer.id, []).extend(_receivables(scene, deal))
    for debts in money.debts.values():
        Account(scene, company, dice, debts[0].deal.buyer, debts, money).play()
    money.receipts.sort(key=lambda row: row["recorded_at"])
    for row in money.receipts:
        row["number"] = scene.number("receipt", "R")
    for row in sorted(scene.rows.of(Adjustment), key=lambda row: row["recorded_at"]):
        row["number"] = scene.number(row["kind"], "CN" if row["kind"] == "credit" else "WO")
    return money


def _receivables(scene: Scene, deal: Deal) -> list[Debt]:
    """The instalments that approval creates, by the rule that approval itself uses."""
    order = deal.row
    parts = instalments(
        order["total_minor"],
        order["base_minor"],
        deal.plan,
        order["approved_on"],
        order["payment_terms_days"],
    )
    debts = []
    for part in parts:
        row = scene.rows.add(
            Receivable, order["approved_at"], order["approved_by"], order_id=order["id"], customer_id=deal.buyer.id,
            owner_id=order["owner_id"], department_id=order["department_id"], position=part.position,
            happened_on=order["approved_on"], due_on=part.due_on, cancelled_on=order["cancelled_on"],
            currency=order["currency"], amount_minor=part.amount_minor, base_minor=part.base_minor,
        )  # fmt: skip
        deal.receivables.append(row)
        debts.append(Debt(row, deal))
    return debts


@dataclass(order=True)
class Event:
    """Something that a customer or the bank does on a day; `ticket` keeps events of a day in the order of planning."""

    day: date
    ticket: int
    kind: str = field(compare=False)
    debt: Debt = field(compare=False)
    share_bp: int = field(compare=False, default=10_000)
    bounced: tuple[Row, list[tuple[Debt, Row]]] | None = field(compare=False, default=None)


class Account:
    """One customer's account as it is played."""

    def __init__(
        self, scene: Scene, company: Company, dice: Random, buyer: Buyer, debts: list[Debt], money: Money
    ) -> None:
        self.scene, self.company, self.dice, self.buyer = scene, company, dice, buyer
        self.debts, self.money = debts, money
        self.last_day = scene.past_workdays[-1]
        self.clerks = [company.the("finance").id, company.the("cashier").id]
        self.events: list[Event] = []
        self.ticket = count()

    def play(self) -> None:
        """All events by day; an event may cause later ones."""
        for debt in self.debts:
            if debt.row["cancelled_on"] is None:
                self._expect(debt)
        while self.events:
            event = heapq.heappop(self.events)
            debt, day = event.debt, event.day
            if event.bounced is not None:
                self._reverse(*event.bounced, day)
            elif event.kind == "pay":
                self._pay(day, debt, event.share_bp)
            elif event.kind == "credit":
                self._adjust("credit", day, debt, debt.remaining * event.share_bp // 10_000, CREDIT_REASONS)
            else:
                self._adjust("write_off", day, debt, debt.remaining, WRITE_OFF_REASONS)

    def _later(self, day: date, kind: str, debt: Debt, share_bp: int = 10_000) -> None:
        """Plan an event on the first working day from `day` on; what lies after today never comes."""
        day = self.scene.next_workday(max(day, debt.row["happened_on"]), 0)
        if day <= self.last_day:
            heapq.heappush(self.events, Event(day, next(self.ticket), kind, debt, share_bp))

    def _expect(self, debt: Debt) -> None:
        """What this customer will do about an instalment."""
        due_on, dice = debt.row["due_on"], self.dice
        if dice.random() < 0.012:
            self._later(
                debt.row["happened_on"] + timedelta(days=dice.randrange(14, 25)),
                "credit",
                debt,
                dice.randrange(200, 900),
            )
        low, high = _LAGS[self.buyer.payer]
        is_forgotten = self.buyer.payer == "never" or (self.buyer.payer == "bad" and dice.random() < 0.3)
        if is_forgotten:
            if dice.random() < 0.1:
                self._later(due_on + timedelta(days=dice.randrange(150, 220)), "write_off", debt)
            return
        pay_on = due_on + timedelta(days=dice.randrange(low, high + 1))
        if dice.random() < 0.1:
            self._later(pay_on, "pay", debt, dice.choice((3_000, 5_000, 6_000)))
            pay_on += timedelta(days=dice.randrange(12, 35))
        self._later(pay_on, "pay", debt)

    def _pay(self, day: date, debt: Debt, share_bp: int) -> None:
        """A receipt for this instalment, and for others that the customer pays with it."""
        wanted = debt.remaining * share_bp // 10_000
        if wanted <= 0:
            return
        together = [debt]
        while self.events and self.events[0].kind == "pay" and (self.events[0].day - day).days <= 3:
            if self.dice.random() < 0.4:
                break
            other = heapq.heappop(self.events).debt
            if (
                other.row["currency"] == debt.row["currency"]
                and other.row["happened_on"] <= day
                and other not in together
            ):
                together.append(other)
                wanted += other.remaining
        if self.dice.random() < 0.7:
            parts = propose_oldest(wanted, self._open_items(day, debt.row["currency"]))
        else:
            parts = self._exactly(wanted, together)
        extra = wanted * self.dice.randrange(100, 600) // 10_000 if self.dice.random() < 0.008 else 0
        self._receive(day, debt.row["currency"], wanted + extra, parts)

    def _open_items(self, day: date, currency: str) -> list[OpenItem]:
        return [
            OpenItem(debt.id, debt.deal.id, "", debt.row["due_on"], debt.remaining, debt.row["position"])
            for debt in self.debts
            if debt.remaining > 0 and debt.row["cancelled_on"] is None and not debt.is_disputed
            and debt.row["happened_on"] <= day and debt.row["currency"] == currency
        ]  # fmt: skip

    def _exactly(self, wanted: int, debts: Sequence[Debt]) -> dict[UUID, int]:
        """The named instalments, one after the other."""
        parts: dict[UUID, int] = {}
        for debt in debts:
            part = min(wanted, debt.remaining)
            if part > 0:
                parts[debt.id] = part
                wanted -= part
        return parts

    def _receive(self, day: date, currency: str, amount: int, parts: dict[UUID, int]) -> None:
        """Write a receipt with its allocations; one in two hundred bounces and is paid again."""
        scene, dice, buyer = self.scene, self.dice, self.buyer
        clerk, at = dice.choice(self.clerks), scene.at(day, dice)
        owner, rate = buyer.owner_on(day), scene.rate(currency, day)
        row = scene.rows.add(
            Receipt, at, clerk, number="", customer_id=buyer.id, owner_id=owner.id, department_id=owner.department_id,
            happened_on=day, method=dice.choices(("bank", "draft", "cheque", "card"), (80, 10, 6, 4))[0],
            reference=f"{dice.randrange(10**10):010d}", currency=currency, rate_e9=rate, amount_minor=amount,
            base_minor=scene.base(amount, currency, rate), allocated_minor=0,
            allocated_base_minor=0,
        )  # fmt: skip
        self.money.receipts.append(row)
        by_id = {debt.id: debt for debt in self.debts}
        written = [self._allocate(row, by_id[key], part, at, clerk) for key, part in parts.items()]
        bounced_on = scene.next_workday(day, dice.randrange(4, 8))
        if dice.random() < 0.005 and bounced_on < self.last_day:
            heapq.heappush(
                self.events,
                Event(bounced_on, next(self.ticket), "bounce", self.debts[0], bounced=(row, written)),
            )

    def _allocate(self, receipt: Row, debt: Debt, part: int, at: int, clerk: UUID) -> tuple[Debt, Row]:
        base = base_share(debt.standing, part)
        at_receipt = receipt_share(
            part, *(receipt[name] for name in ("amount_minor", "base_minor", "allocated_minor", "allocated_base_minor"))
        )  # fmt: skip
        receipt["allocated_minor"] += part
        receipt["allocated_base_minor"] += at_receipt
        happened_on = max(receipt["happened_on"], debt.row["happened_on"])
        row = self.scene.rows.add(
            Allocation, at, clerk, receipt_id=receipt["id"], amount_minor=part, base_minor=base,
            receipt_base_minor=at_receipt, **_entry_of(debt, happened_on),
        )  # fmt: skip
        debt.row["received_minor"] += part
        debt.row["received_base_minor"] += base
        debt.taken.append((happened_on, part, base))
        return debt, row

    def _reverse(self, receipt: Row, written: list[tuple[Debt, Row]], day: date) -> None:
        """Take a receipt back: each allocation gets its counter entry, and the money comes again a week later."""
        at, clerk = self.scene.at(day, self.dice), self.clerks[0]
        reason = sentence(self.scene.branch.language, REVERSE_REASONS, self.dice)
        receipt.update(
            status="reversed",
            reversed_on=day,
            reversed_by=clerk,
            reverse_reason=reason,
            allocated_minor=0,
            allocated_base_minor=0,
        )
        for debt, row in written:
            part, base = row["amount_minor"], row["base_minor"]
            self.scene.rows.add(
                Allocation, at, clerk, receipt_id=receipt["id"], amount_minor=part, base_minor=base,
                receipt_base_minor=row["receipt_base_minor"], reverses_id=row["id"], **_entry_of(debt, day),
            )  # fmt: skip
            debt.row["received_minor"] -= part
            debt.row["received_base_minor"] -= base
            debt.taken.append((day, -part, -base))
            self._later(day + timedelta(days=self.dice.randrange(3, 12)), "pay", debt)

    def _adjust(self, kind: str, day: date, debt: Debt, part: int, texts: Sequence[tuple[str, str]]) -> None:
        """A credit note or a write-off of `part`, nothing when it came to nothing."""
        if part <= 0:
            return
        base = base_share(debt.standing, part)
        approver = self.company.the("director").id
        self.scene.rows.add(
            Adjustment, self.scene.at(day, self.dice), self.clerks[0], kind=kind, amount_minor=part, base_minor=base,
            reason=sentence(self.scene.branch.language, texts, self.dice), approved_by=approver,
            **_entry_of(debt, day),
        )  # fmt: skip
        column = "credited" if kind == "credit" else "written_off"
        debt.row[f"{column}_minor"] += part
        debt.row[f"{column}_base_minor"] += base
        debt.taken.append((day, part, base))


def _entry_of(debt: Debt, happened_on: date) -> Row:
    """The columns that every entry against an instalment repeats."""
    row = debt.row
    return {
        "receivable_id": row["id"],
        "order_id": row["order_id"],
        "customer_id": row["customer_id"],
        "owner_id": row["owner_id"],
        "department_id": row["department_id"],
        "happened_on": happened_on,
        "due_on": row["due_on"],
        "currency": row["currency"],
    }
