"""Opportunities and quotes: those that became the orders, those that were lost, those still open."""

from collections.abc import Sequence
from datetime import date, timedelta
from random import Random
from typing import Any
from uuid import UUID

from branch_node.approvals.rules import reasons
from branch_node.orders.rules import Line, document_hash, totals
from branch_node.seeding.approvals import ask
from branch_node.seeding.catalogue import Item
from branch_node.seeding.company import Company, Member
from branch_node.seeding.customers import Buyer
from branch_node.seeding.sales import Deal, Draft, draft_document, sums_of
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import OPPORTUNITY_TITLES, RIVALS, sentence
from branch_node.seeding.write import Row
from shared.demo_company import planned_sales
from shared.records import Opportunity, Quotation, QuotationLine

VALID_DAYS = 30
QUOTED_PERCENT = 42
LINE_COLUMNS = (
    "position", "product_id", "product_code", "text", "quantity_milli", "list_price_minor", "price_minor", "amount_minor",
)  # fmt: skip
# stage of an open opportunity, probability in percent, how often
STAGES = (("qualify", 10, 30), ("needs", 25, 30), ("proposal", 50, 25), ("negotiation", 75, 15))
LOST_REASONS = ("price", "delivery", "competitor", "cancelled", "no_budget")


def build_quotes(
    scene: Scene, company: Company, items: list[Item], deals: Sequence[Deal], buyers: Sequence[Buyer]
) -> None:
    """Quotes of the orders first, then the rest; numbers by day, one number for all rounds of an offer."""
    dice = scene.dice("quotes")
    for deal in deals:
        if deal.row["status"] != "draft" and dice.randrange(100) < QUOTED_PERCENT:
            _quote_of(scene, company, dice, deal)
    _lost_and_open(scene, company, dice, items, buyers)
    numbers: dict[UUID | None, str] = {}
    for row in sorted(scene.rows.of(Quotation), key=lambda row: row["recorded_at"]):
        row["number"] = numbers.get(row["previous_id"]) or scene.number("quotation", "Q")
        numbers[row["id"]] = row["number"]


def _quote_of(scene: Scene, company: Company, dice: Random, deal: Deal) -> None:
    """The offer that was accepted on the day of the order, sometimes after a dearer first round."""
    order = deal.row
    sent_on = scene.later(order["happened_on"], -dice.randrange(3, 15))
    first_on = scene.later(sent_on, -dice.randrange(5, 12))
    if first_on < max(deal.buyer.row["acquired_on"], scene.first) or sent_on >= order["happened_on"]:
        return
    opportunity = None
    if dice.random() < 0.55:
        opportunity = _opportunity(
            scene, dice, deal.buyer, deal.author.id, first_on, _net(order), deal.lines[0]["text"]
        )
        opportunity.update(stage="won", probability_percent=100, closed_on=order["happened_on"])
    head = {
        "customer_id": order["customer_id"], "currency": order["currency"], "tax_bp": order["tax_bp"],
        "opportunity_id": opportunity["id"] if opportunity else None,
    }  # fmt: skip
    sums = {name: order[name] for name in (
        "subtotal_minor", "discount_bp", "discount_minor", "tax_minor", "total_minor", "effective_discount_bp",
    )}  # fmt: skip
    previous: Row | None = None
    if sums["discount_bp"] >= 100 or dice.random() < 0.15:
        previous = _write_quote(
            scene,
            company,
            dice,
            deal.author,
            first_on,
            {**head, **_without_discount(order, deal.lines)},
            deal.lines,
        )
        previous.update(status="superseded", decided_at=scene.instant(sent_on, 9 * 60 + 2))
    quote = _write_quote(scene, company, dice, deal.author, sent_on, {**head, **sums}, deal.lines)
    if previous is not None:
        quote.update(round=2, previous_id=previous["id"])
    quote.update(status="accepted", decided_at=order["recorded_at"] - 1_000, order_id=order["id"])
    order["quotation_id"] = quote["id"]
    if opportunity is not None:
        order["opportunity_id"] = opportunity["id"]


def _net(order: Row) -> tuple[int, str, int]:
    """Amount before tax, currency and rate of an order."""
    return order["subtotal_minor"] - order["discount_minor"], order["currency"], order["rate_e9"]


def _without_discount(order: Row, lines: Sequence[Row]) -> dict[str, int]:
    """The sums of the same lines without a header discount."""
    found = totals(
        [Line(line["quantity_milli"], line["list_price_minor"], line["price_minor"]) for line in lines],
        tax_bp=order["tax_bp"],
    )
    draft = Draft([], found, 0, order["currency"], [])
    return sums_of(draft)


def _write_quote(
    scene: Scene, company: Company, dice: Random, by: Member, day: date, values: dict[str, Any], lines: Sequence[Row]
) -> Row:  # fmt: skip
    """A quote of `by` sent on `day`, with its lines."""
    born = scene.instant(day, dice.randrange(9 * 60 + 5, 15 * 60), dice.randrange(60))
    row = scene.rows.add(
        Quotation, born, by.id, number="", owner_id=by.id, department_id=by.department_id, happened_on=day, valid_until_on=day + timedelta(days=VALID_DAYS),
        status="sent", sent_at=scene.instant(day, dice.randrange(15 * 60, 17 * 60 + 30)), **values,
    )  # fmt: skip
    written = [
        scene.rows.add(
            QuotationLine, born, by.id, quotation_id=row["id"], **{name: line[name] for name in LINE_COLUMNS}
        )
        for line in lines
    ]
    if row["effective_discount_bp"] > by.limit_bp:
        _approve_discount(scene, company, row, written, by, born)
    return row


def _approve_discount(
    scene: Scene, company: Company, row: Row, lines: Sequence[Row], author: Member, born: int
) -> None:  # fmt: skip
    """A discount above the author's limit was approved before the quote was sent."""
    effective, day = row["effective_discount_bp"], row["happened_on"]
    asked = ask(
        scene, "quotation", row, author, born + 1_000_000, day, amount_minor=row["total_minor"],
        document_hash=document_hash(row, lines), reasons=reasons(effective_bp=effective, author_limit_bp=author.limit_bp),
    )  # fmt: skip
    asked.decide(
        "approved", company.approver(author, "order.approve", day, effective), row["sent_at"] - 1_000_000
    )


def _opportunity(
    scene: Scene, dice: Random, buyer: Buyer, owner_id: UUID, before: date, worth: tuple[int, str, int], product: str
) -> Row:  # fmt: skip
    """A chance seen some weeks before `before`."""
    amount, currency, rate = worth
    seen_on = max(scene.later(before, -dice.randrange(6, 30)), buyer.row["acquired_on"], scene.first)
    born = scene.at(min(seen_on, before), dice)
    return scene.rows.add(
        Opportunity, born, owner_id, customer_id=buyer.id, owner_id=owner_id,
        department_id=buyer.owner_on(before).department_id, amount_minor=amount, currency=currency,
        base_minor=scene.base(amount, currency, rate), happened_on=min(seen_on, before),
        expected_on=before + timedelta(days=dice.randrange(10, 60)),
        title=sentence(scene.branch.language, OPPORTUNITY_TITLES, dice, firm=buyer.short, product=product)[:200],
    )  # fmt: skip


def _lost_and_open(
    scene: Scene, company: Company, dice: Random, items: list[Item], buyers: Sequence[Buyer]
) -> None:  # fmt: skip
    """Month by month some that went elsewhere; of the last weeks those still open."""
    typical = planned_sales(scene.branch, scene.calendar[-1]) // scene.branch.orders_per_month
    per_month = scene.count(scene.branch.orders_per_month) // 5
    for month in scene.calendar:
        days = scene.workdays_of(month)
        is_recent = (scene.until - month.first).days < 62
        for _ in range(per_month * (2 if is_recent else 1) if days else 0):
            day = dice.choice(days)
            known = [
                buyer for buyer in dice.sample(buyers, min(12, len(buyers))) if buyer.row["acquired_on"] < day
            ]
            if known:
                _one_more(
                    scene, company, dice, items, known[0], day, typical * dice.randrange(40, 260) // 100
                )


def _one_more(
    scene: Scene, company: Company, dice: Random, items: list[Item], buyer: Buyer, day: date, target: int
) -> None:  # fmt: skip
    """An opportunity that did not become an order (yet); most with a quote."""
    owner, currency = buyer.owner_on(day), buyer.row["currency"]
    draft = draft_document(scene, dice, items, currency, day, target)
    worth = (draft.sums.net_minor, currency, scene.rate(currency, day))
    opportunity = _opportunity(scene, dice, buyer, owner.id, day, worth, draft.items[0].label)
    age = (scene.until - day).days
    is_open = age < 70 and dice.random() < 0.75
    if is_open:
        stage, percent, _ = dice.choices(STAGES, [row[2] for row in STAGES])[0]
        opportunity.update(
            stage=stage,
            probability_percent=percent,
            expected_on=scene.until + timedelta(days=dice.randrange(5, 70)),
        )
    else:
        closed_on = min(scene.later(day, dice.randrange(5, 28)), scene.past_workdays[-1])
        opportunity.update(
            stage="lost", probability_percent=0, closed_on=closed_on, lost_reason=dice.choice(LOST_REASONS)
        )
        if opportunity["lost_reason"] == "competitor":
            opportunity["competitor"] = sentence(scene.branch.language, RIVALS, dice)
    if dice.random() < 0.7:
        head = {
            "customer_id": buyer.id, "currency": currency, "tax_bp": scene.branch.tax_bp, "opportunity_id": opportunity["id"], **sums_of(draft),
        }  # fmt: skip
        quote = _write_quote(scene, company, dice, owner, day, head, draft.lines)
        _answer(scene, dice, quote, opportunity)


def _answer(scene: Scene, dice: Random, quote: Row, opportunity: Row) -> None:
    """Refused, run out, still out, or (of the last days) not yet sent."""
    if opportunity["stage"] == "lost":
        is_refused = dice.random() < 0.6
        day = opportunity["closed_on"] if is_refused else quote["valid_until_on"] + timedelta(days=1)
        if day <= scene.past_workdays[-1]:
            quote.update(
                status="rejected" if is_refused else "expired", decided_at=scene.at(day, dice, 17 * 60 + 30)
            )
            return
    if quote["valid_until_on"] < scene.until:
        at = scene.instant(quote["valid_until_on"] + timedelta(days=1), 9 * 60)
        quote.update(status="expired", decided_at=at)
    elif (scene.until - quote["happened_on"]).days <= 2 and dice.random() < 0.5:
        quote.update(status="draft", sent_at=None)
