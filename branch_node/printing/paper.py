"""A quote or an order as it goes to the customer: on paper from the browser, or as PDF. In Chinese or in English."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home, today
from branch_node.orders.queries import customer_of, order_for, receivables_of
from branch_node.orders.queries import lines_of as order_lines
from branch_node.orders.rules import instalments
from branch_node.quotations.queries import lines_of as quotation_lines
from branch_node.quotations.queries import quotation_for
from branch_node.staff.queries import names_of
from shared.database import fetch_one
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.money import Money
from shared.permissions import Person
from shared.records import Branch, Customer, Order, OrderLine, Quotation, QuotationLine
from shared.web import filters as show
from shared.web.pdf import has_pdf


@dataclass(frozen=True)
class Due:
    """A part of the payment: by the due day, or so many days after approval."""

    text: str
    amount: Money


@dataclass(frozen=True)
class Paper:
    """printing/paper.html: everything that stands on the paper, in the language of `lang`."""

    lang: str
    kind: str
    number: str
    branch: str
    branch_place: str
    customer: Customer
    contact: str
    facts: Sequence[tuple[str, str]]
    lines: Sequence[OrderLine | QuotationLine]
    row: Order | Quotation
    dues: Sequence[Due]
    terms: str
    note: str
    css: str
    back_url: str
    other_url: str
    pdf_url: str

    def money(self, minor: int) -> Money:
        """An amount of the document."""
        return Money(minor, self.row.currency)


async def paper_of(person: Person, entity: str, row_id: UUID, lang: str) -> Paper:
    """The paper of an order or quote within the person's reach; call it under the language of the paper."""
    row: Order | Quotation
    lines: Sequence[Any]
    if entity == "order":
        row = await order_for(person, row_id)
        lines, customer = await order_lines(row.id), await customer_of(row)
    else:
        row = await quotation_for(person, row_id)
        lines, customer = await quotation_lines(row.id), await Customer.get(id=row.customer_id)
    branch = await Branch.get(branch=home().code, deleted_at=None)
    url = f"/{'orders' if entity == 'order' else 'quotes'}/{row.id}"
    other = "en" if lang == "zh_CN" else "zh_CN"
    return Paper(
        lang=lang,
        kind=_("Order") if entity == "order" else _("Quotation"),
        number=row.number if isinstance(row, Order) else title_of(row),
        branch=branch.name_en if lang == "en" and branch.name_en else branch.name,
        branch_place=branch.city,
        customer=customer,
        contact=await main_contact(customer.id),
        facts=await facts_of(row),
        lines=lines,
        row=row,
        dues=await dues_of(row) if isinstance(row, Order) else [],
        terms=row.notes if isinstance(row, Order) else row.terms,
        note=note_of(row),
        css="",
        back_url=url,
        other_url=f"{url}/print?lang={other}",
        pdf_url=f"{url}/pdf?lang={lang}" if has_pdf() else "",
    )


def title_of(row: Quotation) -> str:
    """The number, with the round when there are several."""
    return row.number if row.round == 1 else f"{row.number}-{row.round}"


async def facts_of(row: Order | Quotation) -> list[tuple[str, str]]:
    """The head of the paper."""
    owner = (await names_of([row.owner_id])).get(row.owner_id, "")
    found = [(_("Date"), show.day(row.happened_on)), (_("Contact at ours"), owner)]
    if isinstance(row, Order):
        found += [
            (_("Wanted on"), show.day(row.required_on) if row.required_on else ""),
            (_("Ship to"), row.ship_to),
        ]
    elif row.valid_until_on:
        found.append((_("Valid until"), show.day(row.valid_until_on)))
    return [(label, text) for label, text in found if text]


async def dues_of(order: Order) -> list[Due]:
    """The instalments by their days; before approval by days after it."""
    rows = await receivables_of(order.id)
    if rows:
        return [
            Due(_("due %(day)s", day=show.day(row.due_on)), Money(row.amount_minor, order.currency))
            for row in rows
        ]
    zero = date(2000, 1, 1)
    planned = instalments(
        order.total_minor, order.total_minor, order.instalment_plan, zero, order.payment_terms_days
    )
    return [Due(after((one.due_on - zero).days), Money(one.amount_minor, order.currency)) for one in planned]


def after(days: int) -> str:
    """When an instalment is due of an order that is not approved yet."""
    if not days:
        return _("on confirmation")
    return ngettext("%(n)s day after confirmation", "%(n)s days after confirmation", days)


def note_of(row: Order | Quotation) -> str:
    """What the paper is not (yet): a draft binds nobody."""
    if isinstance(row, Order):
        return "" if row.status in ("approved", "executing", "completed") else _("Not confirmed")
    if row.valid_until_on is not None and row.valid_until_on < today():
        return _("Expired")
    return _("Draft") if row.status == "draft" else ""


async def main_contact(customer_id: UUID) -> str:
    """The name of the main person at the customer; empty without one."""
    row = await fetch_one(
        "SELECT name FROM contact WHERE customer_id = :id AND deleted_at IS NULL ORDER BY is_main DESC, name LIMIT 1",
        id=customer_id,
    )
    return row["name"] if row else ""
