"""A document while it is typed: which customer is meant, what it would come to, what a form shows of a stored one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from branch_node.approvals.queries import approvers_for, credit_or_none
from branch_node.approvals.rules import CreditStanding, above_texts, covering, names_of
from branch_node.customers.queries import customer_for, pick_customers
from branch_node.home import home, today
from branch_node.orders.forms import MOST_DAYS, DocumentForm, InstalmentForm, parse_document
from branch_node.orders.pricing import draft_of, plan_of
from branch_node.orders.rules import Instalment, Totals, check_plan, discount_of, instalments
from branch_node.searching import plain
from shared.database import fetch_all
from shared.digits import whole_number
from shared.errors import Invalid, NotFound
from shared.i18n import N_, gettext, render
from shared.money import Money, format_amount
from shared.permissions import Person
from shared.records import Customer, Order, OrderLine, OrderShare, Quotation, QuotationLine
from shared.web.error_pages import shown
from shared.web.filters import plain_percent
from shared.web.forms import Day, Picked, entry_text
from shared.web.parts import Option

BLANK_LINES = 5
BLANK_PARTS = 2
BLANK_SHARES = 2


@dataclass(frozen=True)
class Chosen:
    """The customer that a form means; several `hits` when the typed name does not say which."""

    customer: Customer | None = None
    hits: Sequence[Option] = ()
    message: str = ""

    @property
    def currency(self) -> str:
        """The customer's currency; empty while nobody is chosen."""
        return self.customer.currency if self.customer else ""


async def chosen_customer(person: Person, typed: Mapping[str, str], action: str = "customer.view") -> Chosen:
    """By id, or by a name typed without scripts: the only hit, or the one with exactly that name."""
    text = typed.get("customer_id_text", "").strip()
    found = await _by_id(person, typed.get("customer_id", ""), action)
    if found is not None and (not text or plain(text) in (plain(found.name), plain(found.code))):
        return Chosen(found)
    if not text:
        return Chosen()
    hits = await pick_customers(person, text, action)
    exact = [hit for hit in hits if plain(hit.label) == plain(text)] or hits
    if len(exact) == 1:
        return Chosen(await customer_for(person, exact[0].value, action))
    if not hits:
        return Chosen(
            message=gettext("No customer matches this. Check the name, or enter the customer first.")
        )
    options = [Option(str(hit.value), hit.label, hit.hint) for hit in hits]
    return Chosen(None, options, gettext("Several customers match. Choose one of them."))


async def _by_id(person: Person, text: str, action: str) -> Customer | None:
    try:
        return await customer_for(person, UUID(text), action)
    except (ValueError, NotFound):
        return None


async def currencies(chosen: Customer | None) -> list[Option]:
    """What a document can be in: the customer's currency (the default), the branch's, those with a rate."""
    rows = await fetch_all(
        "SELECT DISTINCT currency, to_currency FROM exchange_rate WHERE deleted_at IS NULL"
    )
    known = {home().currency, *(row["currency"] for row in rows), *(row["to_currency"] for row in rows)}
    if chosen is not None:
        known.add(chosen.currency)
    default = (
        gettext("as agreed: %(currency)s", currency=chosen.currency) if chosen else gettext("as the customer")
    )
    return [Option("", default), *(Option(code, code) for code in sorted(known))]


# --- what it would come to --------------------------------------------------------------------------------------


class PreviewForm(DocumentForm):
    """A document of which nothing has to be there yet."""

    customer_id: Picked | None = None  # type: ignore[assignment]
    happened_on: Day | None = None  # type: ignore[assignment]
    parts: list[InstalmentForm] = []
    payment_terms_days: str = ""


@dataclass(frozen=True)
class LineNote:
    """What stands beside a typed line: its list price and amount."""

    list_price: Money
    amount: Money
    has_product: bool


@dataclass(frozen=True)
class Preview:
    """What the server makes of a document being typed. `faults` are translated sentences; without `totals` there is
    nothing to add up yet."""

    currency: str
    totals: Totals | None = None
    lines: Mapping[int, LineNote] = field(default_factory=dict)
    faults: Sequence[str] = ()
    instalments: Sequence[Instalment] = ()
    instalment_fault: str = ""
    limit_bp: int = 0
    approvers: str = ""
    credit: CreditStanding | None = None
    customer: Customer | None = None

    @property
    def is_above_limit(self) -> bool:
        """Whether the effective discount is more than the author may give."""
        return self.totals is not None and self.totals.effective_discount_bp > self.limit_bp

    @property
    def above(self) -> tuple[str, str]:
        """The effective discount and the author's limit in words, told apart."""
        return above_texts(self.totals.effective_discount_bp if self.totals else 0, self.limit_bp)

    def money(self, minor: int) -> Money:
        """An amount of the document."""
        return Money(minor, self.currency)


async def preview_of(person: Person, typed: Mapping[str, str], customer: Customer | None = None) -> Preview:
    """Totals, discount limit, credit and instalments of what was typed so far. Nothing is written or refused."""
    chosen = customer or (await chosen_customer(person, typed)).customer
    currency = typed.get("currency") or (chosen.currency if chosen else home().currency)
    form = parse_document(typed, PreviewForm, agreed=currency)
    if form.errors:
        return Preview(currency, faults=list(form.errors.values()), customer=chosen)
    value = form.value
    value.happened_on = value.happened_on or today()
    try:
        draft = await draft_of(value, currency)
    except Invalid as refused:
        messages = [render(text, {}, shown) for text in refused.fields.values()]
        return Preview(
            currency, faults=messages or [render(refused.message, refused.params, shown)], customer=chosen
        )
    parts, fault = _instalments(value, draft.totals.total_minor, currency, chosen)
    return Preview(
        currency,
        draft.totals if draft.lines else None,
        {
            line.place: LineNote(
                Money(line.list_price_minor, currency),
                Money(line.line.amount_minor, currency),
                line.product_id is not None,
            )
            for line in draft.lines
        },
        (),
        parts,
        fault,
        person.discount_limit_bp,
        await _approvers(person, draft.totals.effective_discount_bp),
        await credit_or_none(chosen, draft.totals.total_minor, currency),
        chosen,
    )


def _instalments(
    value: PreviewForm, total_minor: int, currency: str, customer: Customer | None
) -> tuple[list[Instalment], str]:
    """The instalments if the order were approved today, and what is wrong with them."""
    try:
        plan = plan_of(value.parts, currency)
        check_plan(plan, total_minor, currency)
    except Invalid as refused:
        text = next(iter(refused.fields.values()), refused.message)
        return [], render(text, refused.params, shown)
    terms = whole_number(value.payment_terms_days, MOST_DAYS)
    days = terms if terms is not None else customer.payment_terms_days if customer else 30
    return instalments(total_minor, total_minor, plan, today(), days), ""


async def _approvers(person: Person, effective_bp: int) -> str:
    """Who could approve a discount above the person's own limit; empty within it."""
    if effective_bp <= person.discount_limit_bp:
        return ""
    approvers = await approvers_for("order.approve", person.id, person.department_id)
    return names_of(covering(approvers, {person.id}, effective_bp)) or gettext(
        N_("nobody in this branch; ask the administrator to raise a limit")
    )


# --- what a form shows ------------------------------------------------------------------------------------------


def typed_lines(lines: Sequence[OrderLine | QuotationLine], currency: str) -> dict[str, str]:
    """Stored lines as the boxes of a form show them."""
    typed: dict[str, str] = {}
    for place, line in enumerate(lines):
        discount = discount_of(line.list_price_minor, line.price_minor)
        typed |= {
            f"line-{place}-product_id": str(line.product_id or ""),
            f"line-{place}-product_id_text": line.product_code,
            f"line-{place}-text": line.text,
            f"line-{place}-quantity": plain_number(line.quantity_milli, 3),
            f"line-{place}-list_price": format_amount(line.list_price_minor, currency),
            f"line-{place}-discount": plain_number(discount, 2) if discount else "",
            f"line-{place}-price": format_amount(line.price_minor, currency) if discount is None else "",
        }
    return typed


def typed_shares(shares: Sequence[OrderShare], names: Mapping[UUID | None, str]) -> dict[str, str]:
    """Stored shares as the boxes of a form show them."""
    typed: dict[str, str] = {}
    for place, one in enumerate(shares):
        typed |= {
            f"share-{place}-employee_id": str(one.employee_id),
            f"share-{place}-employee_id_text": names.get(one.employee_id, ""),
            f"share-{place}-percent": plain_percent(one.share_bp),
        }
    return typed


def typed_order(order: Order, lines: Sequence[OrderLine], customer: str) -> dict[str, str]:
    """A stored order as a form shows it, without its shares."""
    typed = typed_head(order, customer)
    typed |= typed_lines(lines, order.currency)
    for place, part in enumerate(order.instalment_plan):
        typed[f"part-{place}-days"] = str(part.get("days", 0))
        if "share_bp" in part:
            typed[f"part-{place}-share"] = plain_number(part["share_bp"], 2)
        else:
            typed[f"part-{place}-amount"] = format_amount(part["amount_minor"], order.currency)
    typed |= {f"custom_{key}": entry_text(value) for key, value in order.custom.items()}
    return typed | {
        "required_on": order.required_on.isoformat() if order.required_on else "",
        "payment_terms_days": str(order.payment_terms_days),
        "ship_to": order.ship_to,
        "customer_reference": order.customer_reference,
        "notes": order.notes,
    }


def typed_head(row: Order | Quotation, customer: str) -> dict[str, str]:
    """What orders and quotes have in common, as a form shows it."""
    return {
        "customer_id": str(row.customer_id),
        "customer_id_text": customer,
        "currency": row.currency,
        "happened_on": row.happened_on.isoformat(),
        "discount": plain_number(row.discount_bp, 2),
        "tax": plain_number(row.tax_bp, 2),
        "revision": str(row.revision),
    }


def plain_number(scaled: int, decimals: int) -> str:
    """1250 of two decimals is 12.5, 1000 of three is 1."""
    whole, rest = divmod(scaled, 10**decimals)
    return f"{whole}.{rest:0{decimals}d}".rstrip("0").rstrip(".") if rest else str(whole)


def places(typed: Mapping[str, Any], kind: str, blank: int) -> list[int]:
    """The rows of boxes to show: those with something in them, and `blank` empty ones behind."""
    used = {
        int(name.split("-")[1])
        for name, value in typed.items()
        if name.startswith(f"{kind}-") and name.count("-") == 2 and str(value).strip()
    }
    last = max(used, default=-1)
    return [*sorted(used), *range(last + 1, last + 1 + blank)]
