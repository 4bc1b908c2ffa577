"""Orders month by month up to the branch's plan times its performance: lines, discounts, approval."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from branch_node.approvals.rules import reasons
from branch_node.orders.rules import Line, Totals, document_hash, line_amount, net_price, totals
from branch_node.seeding.approvals import Asked, ask
from branch_node.seeding.catalogue import Item
from branch_node.seeding.company import Company, Member
from branch_node.seeding.customers import Buyer
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import CANCEL_REASONS, REJECT_REASONS, sentence
from branch_node.seeding.write import Row
from shared.canonical import canonical_json
from shared.demo_company import planned_sales
from shared.money import convert, round_half_even
from shared.periods import Month
from shared.records import Order, OrderLine

PLANS: Sequence[tuple[int, list[dict[str, int]]]] = (
    (52, []),
    (20, [{"share_bp": 3_000, "days": 0}, {"share_bp": 7_000, "days": 30}]),
    (16, [{"share_bp": 3_000, "days": 0}, {"share_bp": 6_000, "days": 30}, {"share_bp": 1_000, "days": 90}]),
    (12, [{"share_bp": 5_000, "days": 15}, {"share_bp": 5_000, "days": 60}]),
)
CANCELLED_PERCENT = 3
REJECTED_PERCENT = 2


@dataclass
class Deal:
    """An order with everything that belongs to it; `asked` is its approval."""

    row: Row
    lines: list[Row]
    buyer: Buyer
    author: Member
    plan: list[dict[str, int]]
    asked: Asked | None = None
    steps: list[Row] = field(default_factory=list)
    receivables: list[Row] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]

    @property
    def is_in_effect(self) -> bool:
        """Approved, whatever came of it later."""
        return self.row["approved_on"] is not None


@dataclass(frozen=True)
class Draft:
    """What is about to become a quote or an order: lines as column values, and their sums."""

    lines: list[dict[str, Any]]
    sums: Totals
    discount_bp: int
    currency: str
    items: list[Item]


def build_orders(scene: Scene, company: Company, items: list[Item], buyers: list[Buyer]) -> list[Deal]:
    """All orders by date: those in effect, and the few that wait, were refused or are not yet submitted."""
    dice = scene.dice("orders")
    market = Market(scene, dice, buyers)
    deals: list[Deal] = []
    for month in scene.calendar:
        for day, target in month_of_orders(scene, dice, month):
            buyer = market.buyer_for(day)
            if buyer is not None:
                deals.append(approved_order(scene, company, dice, items, buyer, day, target))
    deals += _unfinished_orders(scene, company, dice, items, market)
    deals.sort(key=lambda deal: deal.row["recorded_at"])
    for deal in deals:
        deal.row["number"] = scene.number("order", "SO")
    return deals


def month_of_orders(scene: Scene, dice: Random, month: Month) -> list[tuple[date, int]]:
    """Approval day and wanted value (base currency) of each order of a month, by day."""
    days = scene.workdays_of(month)
    if not days:
        return []
    branch, passed = scene.branch, scene.passed_bp(month)
    count = scene.count(branch.orders_per_month) * passed * branch.season[month.first.month - 1]
    weights = [int(dice.lognormvariate(0, 0.75) * 1_000) + 50 for _ in range(max(count // 1_000_000, 1))]
    budget = planned_sales(branch, month) * branch.performance_bp // 10_000 * passed // 10_000
    budget = budget * dice.randrange(9_500, 10_500) // 10_000
    chosen = sorted(dice.choice(days) for _ in weights)
    if days[-1] == scene.until:
        chosen[-1] = scene.until
    return [(day, budget * weight // sum(weights)) for day, weight in zip(chosen, weights, strict=True)]


class Market:
    """Who buys next: known customers again, and prospects for the first time at a steady pace."""

    def __init__(self, scene: Scene, dice: Random, buyers: Sequence[Buyer]) -> None:
        self.dice = dice
        self.first = scene.first
        self.waiting = [buyer for buyer in buyers if dice.random() < 0.8]
        self.signed: list[Buyer] = []

    def buyer_for(self, day: date) -> Buyer | None:
        """The customer of an order approved on `day`; None when nobody is known yet."""
        known = [buyer for buyer in self.waiting if buyer.row["acquired_on"] < day - timedelta(days=3)]
        share = 0.62 if (day - self.first).days < 60 else 0.2
        if known and (not self.signed or self.dice.random() < share):
            buyer = self.dice.choices(known, [buyer.size for buyer in known])[0]
            self.waiting.remove(buyer)
            self.signed.append(buyer)
            return buyer
        if not self.signed:
            return None
        return self.dice.choices(self.signed, [buyer.size for buyer in self.signed])[0]


def draft_document(
    scene: Scene, dice: Random, items: list[Item], currency: str, day: date, target_base: int, bolder: int = 0
) -> Draft:
    """Lines worth about `target_base` (base currency, tax included); `bolder` adds to the header discount."""
    rate = scene.rate(currency, day)
    target = round_half_even(target_base * 10_000, 10_000 + scene.branch.tax_bp)
    if currency != scene.branch.currency:
        target = convert(target, scene.branch.currency, currency, round_half_even(10**18, rate))
    shares = [dice.randrange(20, 100) for _ in range(dice.choices((1, 2, 3, 4, 5), (22, 30, 24, 14, 10))[0])]
    lines, chosen = [], []
    for position, share in enumerate(shares, 1):
        item, values = _line(dice, items, currency, day, target * share // sum(shares), position)
        lines.append(values)
        chosen.append(item)
    discount_bp = min(dice.choices((0, 100, 200, 300, 500), (72, 8, 9, 6, 5))[0] + bolder, 700)
    sums = totals(
        [Line(line["quantity_milli"], line["list_price_minor"], line["price_minor"]) for line in lines],
        discount_bp=discount_bp,
        tax_bp=scene.branch.tax_bp,
    )
    return Draft(lines, sums, discount_bp, currency, chosen)


def _line(
    dice: Random, items: list[Item], currency: str, day: date, target: int, position: int
) -> tuple[Item, dict[str, Any]]:
    """One line worth about `target` minor units."""
    for _ in range(6):
        item = dice.choice(items)
        at_list = item.price(currency, day)
        if at_list <= target:
            break
    off_bp = dice.choices((0, 200, 300, 500, 800, 1_200, 1_800), (58, 9, 9, 11, 7, 4, 2))[0]
    price = net_price(at_list, off_bp)
    pieces = max(round_half_even(target, price), 1)
    return item, {
        "position": position,
        "product_id": item.id,
        "product_code": item.row["code"],
        "text": item.row["name"],
        "quantity_milli": pieces * 1_000,
        "list_price_minor": at_list,
        "price_minor": price,
        "amount_minor": price * pieces,
    }


def approved_order(
    scene: Scene,
    company: Company,
    dice: Random,
    items: list[Item],
    buyer: Buyer,
    approved_on: date,
    target: int,
) -> Deal:
    """An order that its superior approved; three in a hundred were cancelled soon after."""
    days = scene.workdays
    back = dice.choices((0, 1, 2, 3), (34, 34, 20, 12))[0]
    happened_on = days[max(days.index(approved_on) - back, 0)]
    happened_on = max(happened_on, min(buyer.row["acquired_on"], approved_on))
    draft = draft_document(scene, dice, items, buyer.row["currency"], happened_on, target)
    deal = _write_order(scene, dice, draft, buyer, happened_on)
    row, author = deal.row, deal.author
    asked = _submit(scene, dice, deal, same_day=happened_on == approved_on)
    approver = company.approver(author, "order.approve", approved_on, draft.sums.effective_discount_bp)
    decided = scene.instant(approved_on, dice.randrange(14 * 60, 17 * 60 + 50), dice.randrange(60))
    rate = scene.rate(draft.currency, approved_on)
    row.update(
        status="approved", approved_on=approved_on, approved_at=decided, approved_by=approver.id, rate_e9=rate,
        base_minor=scene.base(draft.sums.total_minor, draft.currency, rate), approved_hash=asked.request["document_hash"],
    )  # fmt: skip
    asked.decide("approved", approver, decided)
    buyer.orders.append(row)
    buyer.row["signed_on"] = min(buyer.row["signed_on"] or approved_on, approved_on)
    if dice.randrange(100) < CANCELLED_PERCENT:
        cancelled_on = scene.next_workday(approved_on, dice.randrange(2, 8))
        if cancelled_on < scene.until:
            reason = sentence(scene.branch.language, CANCEL_REASONS, dice)
            row.update(status="cancelled", cancelled_on=cancelled_on, cancel_reason=reason)
    return deal


def _write_order(scene: Scene, dice: Random, draft: Draft, buyer: Buyer, happened_on: date) -> Deal:
    """A draft order with its lines."""
    author = buyer.owner_on(happened_on)
    born = scene.instant(happened_on, dice.randrange(9 * 60, 12 * 60 + 30), dice.randrange(60))
    rate = scene.rate(draft.currency, happened_on)
    plan = dice.choices([plan for _, plan in PLANS], [share for share, _ in PLANS])[0]
    row = scene.rows.add(
        Order, born, author.id, number="", customer_id=buyer.id, owner_id=author.id, department_id=author.department_id,
        happened_on=happened_on, required_on=happened_on + timedelta(days=dice.randrange(14, 45)),
        currency=draft.currency, rate_e9=rate, base_currency=scene.branch.currency, tax_bp=scene.branch.tax_bp,
        payment_terms_days=buyer.row["payment_terms_days"], instalment_plan=canonical_json(plan),
        ship_to=buyer.row["ship_to"], **sums_of(draft),
    )  # fmt: skip
    row["base_minor"] = scene.base(draft.sums.total_minor, draft.currency, rate)
    lines = []
    for item, values in zip(draft.items, draft.lines, strict=True):
        cost = item.cost(values["list_price_minor"])
        lines.append(
            scene.rows.add(OrderLine, born, author.id, order_id=row["id"], cost_minor=cost, **values)
        )
    row["cost_minor"] = sum(line_amount(line["cost_minor"], line["quantity_milli"]) for line in lines)
    return Deal(row, lines, buyer, author, plan)


def sums_of(draft: Draft) -> dict[str, int]:
    """The money columns that quotes and orders have in common."""
    return {
        "subtotal_minor": draft.sums.subtotal_minor,
        "discount_bp": draft.discount_bp,
        "discount_minor": draft.sums.discount_minor,
        "tax_minor": draft.sums.tax_minor,
        "total_minor": draft.sums.total_minor,
        "effective_discount_bp": draft.sums.effective_discount_bp,
    }


def _submit(scene: Scene, dice: Random, deal: Deal, *, same_day: bool) -> Asked:
    """Submit for approval in the same morning, or in the afternoon when the answer came another day."""
    row, author = deal.row, deal.author
    latest = 13 * 60 + 50 if same_day else 17 * 60 + 30
    at = scene.instant(row["happened_on"], dice.randrange(12 * 60 + 40, latest), dice.randrange(60))
    seen = document_hash({**row, "instalment_plan": deal.plan}, deal.lines)
    found = reasons(effective_bp=row["effective_discount_bp"], author_limit_bp=author.limit_bp)
    row.update(status="submitted", submitted_at=at, submitted_by=author.id)
    deal.asked = ask(
        scene, "order", row, author, at, row["happened_on"], amount_minor=row["total_minor"], document_hash=seen,
        reasons=found,
    )  # fmt: skip
    return deal.asked


def _unfinished_orders(
    scene: Scene, company: Company, dice: Random, items: list[Item], market: Market
) -> list[Deal]:
    """Refused ones over the whole time; on the last days some that wait for approval, and drafts."""
    days, typical = scene.past_workdays, planned_sales(scene.branch, scene.calendar[-1])
    typical //= scene.branch.orders_per_month
    refused = scene.count(scene.branch.orders_per_month) * len(scene.calendar) * REJECTED_PERCENT // 100
    kinds = ["rejected"] * refused + ["submitted"] * 5 + ["draft"] * 3
    found: list[Deal] = []
    for kind in kinds:
        happened_on = dice.choice(days[:-4] or days) if kind == "rejected" else dice.choice(days[-2:])
        buyer = dice.choice([one for one in market.signed if one.row["signed_on"] < happened_on] or [None])
        if buyer is None:
            continue
        target = typical * dice.randrange(30, 180) // 100
        draft = draft_document(scene, dice, items, buyer.row["currency"], happened_on, target, bolder=300)
        deal = _write_order(scene, dice, draft, buyer, happened_on)
        if kind != "draft":
            asked = _submit(scene, dice, deal, same_day=False)
        if kind == "rejected":
            refuser = company.approver(deal.author, "order.approve", happened_on)
            at = scene.instant(scene.next_workday(happened_on), dice.randrange(9 * 60, 17 * 60))
            asked.decide(kind, refuser, at, sentence(scene.branch.language, REJECT_REASONS, dice))
            deal.row["status"] = kind
        found.append(deal)
    return found
