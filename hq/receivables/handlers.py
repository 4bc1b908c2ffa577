"""/receivables and the levels below: branch, customer, instalment, entries; and the receipts of a span."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import branches_of, question_of
from hq.cards import maker_of
from hq.figures.freshness import directory
from hq.figures.lists import as_date
from hq.figures.receivables import BUCKETS
from hq.figures.shape import Figure, Line, Question
from hq.figures.units import month_of
from hq.figures.words import scope_name
from hq.frame.page import Check, adds_up, carried, crumbs_of, freshness_line, month_span, page_url, switches
from hq.receivables.debtors import STATE_WORDS
from hq.receivables.owing import promises_of
from hq.receivables.pages import InstalmentPage, ReceiptsPage, ReceivablesPage
from hq.receivables.queries import DIFFERENCE, instalment, positions, receipt_rows, receipts_figure
from hq.sales.queries import among
from hq.tables import Look, table_of, url_with
from shared.errors import NotFound
from shared.figures import AGEING_LABELS
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.money import Money, format_amount
from shared.web import parts
from shared.web.filters import money_card
from shared.web.keyset import Sort, neighbours, paging
from shared.web.parts import Column, Crumb, Row, Share, TableView
from shared.web.reader import current_request
from shared.web.responses import page

TONES = dict(zip(BUCKETS.values(), ("age0", "age1", "age2", "age3", "age4"), strict=True))
ENTRY_WORDS = {
    "order": N_("Order approved"),
    "allocation": N_("Receipt allocated"),
    "credit": N_("Credit note"),
    "write_off": N_("Written off"),
    "reversal": N_("Reversed"),
    "cancelled": N_("Order cancelled"),
}
COMPANY_KEYS = ("due", "received", "remaining", *BUCKETS.values(), "unallocated", "overdue_share")
BRANCH_KEYS = ("due", "received", "remaining", "not_due", "overdue", "days_over_90", "unallocated")


async def show(request: Request) -> Response:
    """Who owes, how late."""
    question = question_of(request, "receivable.view")
    figure = await positions(question)
    is_company = question.unit.kind in ("company", "region")
    view = ReceivablesPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Receivables")),
        as_of=figure.question.as_of,
        keep=kept(question),
        beside=beside(figure),
        switches=switches(
            figure, ("customer", "employee", "department") if figure.question.unit.kind != "customer" else ()
        ),
        freshness=freshness_line(figure),
        cards=cards(figure),
        shares=shares(figure),
        ageing_label=_("Remaining by days past due"),
        check=buckets_add_up(figure),
        table=table_of(figure, look_of(request, figure), is_ranked=is_company),
    )
    return page(request, "receivables/show.html", view)


def beside(figure: Figure) -> dict[str, str]:
    """The pages beside this one: receipts of the same unit; debtors of the same region or of its branch."""
    question = figure.question
    is_below = question.unit.kind not in ("company", "region")
    debtors = {"unit": None, "within": figure.total.branch} if is_below else {}
    return {
        "receipts": page_url("/receivables/receipts", question),
        "debtors": page_url("/receivables/debtors", question, **debtors),
    }


def kept(question: Question) -> dict[str, str]:
    """What a change of the day keeps."""
    unit = str(question.unit) if question.unit.kind != "company" else ""
    found = {"unit": unit, "by": question.by, **carried(question)}
    return {name: value for name, value in found.items() if value}


def buckets_add_up(figure: Figure) -> Check:
    """The rows against the total, and the buckets against what remains, in the total and in every row."""
    found = adds_up(figure) if figure.row_count == len(figure.rows) else Check(True)
    for line in (figure.total, *figure.rows):
        difference = line.number(DIFFERENCE)
        if found.holds and difference:
            return Check(False, format_amount(difference, line.currency, signed=True), request_id())
    return found


def request_id() -> str:
    """The number under which the answer is logged."""
    return str(current_request().state.request_id)


def cards(figure: Figure) -> list[parts.Figure]:
    """Due, received, remaining, overdue."""
    maker = maker_of(figure)
    remaining = maker.card("remaining", _("Remaining"))
    if figure.total.number("unallocated"):
        credit = money_card(maker.money("unallocated"))
        remaining = replace(remaining, note=_("unallocated receipts %(amount)s", amount=credit))
    return [
        maker.card("due", _("Due")),
        maker.card("received", _("Received")),
        remaining,
        maker.card("overdue", _("Overdue")),
    ]


def shares(figure: Figure) -> list[Share]:
    """The buckets as parts of one bar, light to dark by age."""
    total = figure.total
    return [
        Share(_(AGEING_LABELS[bucket]), max(total.number(key) or 0, 0), money_card(Money(total.number(key) or 0, total.currency)), TONES[key])
        for bucket, key in BUCKETS.items()
    ]  # fmt: skip


def look_of(request: Request, figure: Figure) -> Look:
    """Columns and links of the level: branches, customers (or people), instalments."""
    question, unit = figure.question, figure.question.unit
    is_company = unit.kind in ("company", "region")
    is_instalments = question.by == "instalment"

    def open_unit(line: Line) -> str:
        if line.unit.startswith("instalment:"):
            return f"/receivables/{line.unit.partition(':')[2]}"
        if ":" not in line.unit or line.unit.startswith("order:"):
            return ""
        as_of = request.query_params.get("as_of")
        return url_with("/receivables", unit=line.unit, as_of=as_of, **carried(question))

    due = (Column("due_on", _("Due date"), "day", phone="second"),) if is_instalments else ()
    return Look(
        key="receivables",
        caption=_("Receivables by branch") if is_company else _("Receivables"),
        keys=COMPANY_KEYS if is_company else BRANCH_KEYS,
        big=is_company,
        drill=lambda line, _key: open_unit(line),
        open_row=open_unit,
        phone=("remaining",),
        first_label=_("Branch") if is_company else _("Instalment") if is_instalments else _("Customer"),
        extra=due,
        extra_cells=(lambda line: {"due_on": line.values.get("due_on")})
        if is_instalments
        else (lambda line: {}),
        sort=request.query_params.get("sort", "-remaining") if is_company else "",
        can_sort=is_company,
    )


async def entries(request: Request) -> Response:
    """Every entry of one instalment, with what remained after it."""
    codes = branches_of(request.state.person, "receivable.view")
    try:
        wanted = str(UUID(request.path_params["id"]))
    except ValueError:
        raise NotFound() from None
    found = await instalment(wanted, codes)
    known = await directory(Question(branches=codes, locale=request.state.locale))
    branch = known.get(found.branch)
    name = branch.name if branch else found.branch
    view = InstalmentPage(
        found,
        name,
        [
            Crumb(_("Receivables"), "/receivables"),
            Crumb(name, url_with("/receivables", unit=f"branch:{found.branch}")),
            Crumb(found.customer, url_with("/receivables", unit=f"customer:{found.customer_id}")),
        ],
        found.entries,
        {key: _(label) for key, label in ENTRY_WORDS.items()},
        [(*one[:3], _(STATE_WORDS[one[3]])) for one in await promises_of(wanted)],
    )
    return page(request, "receivables/entries.html", view)


async def receipts(request: Request) -> Response:
    """What came in, by unit and receipt by receipt."""
    question = question_of(request, "receipt.view", limit=1_000, offset=0)
    first, last = month_of(question)
    figure = await receipts_figure(question, first, last)
    wanted = paging(request.query_params, {"day": Sort("p.happened_on", date)}, "-day")
    where, params = among(figure, "p")
    cut = wanted.cut(await receipt_rows(first, last, where, params, wanted.sql("p.id")))
    names = {mark.branch: mark.name for mark in figure.watermarks}
    is_company = question.unit.kind in ("company", "region")
    view = ReceiptsPage(
        scope=scope_name(figure),
        crumbs=crumbs_of(request, figure, _("Receipts")),
        span=month_span(figure, ("day", "month", "quarter", "year")),
        freshness=freshness_line(figure),
        check=adds_up(figure),
        cards=[maker_of(figure).card("receipts", _("Receipts"))],
        table=table_of(figure, receipts_look(request, figure), is_ranked=is_company),
        receipts=receipt_table([receipt_row(row, names) for row in cut.rows], neighbours(cut)),
    )
    return page(request, "receivables/receipts.html", view)


def receipts_look(request: Request, figure: Figure) -> Look:
    """Receipts by branch, below a branch by customer."""
    question = figure.question
    is_company = question.unit.kind in ("company", "region")

    def drill(line: Line, _key: str) -> str:
        dates: Mapping[str, Any] = {"from": question.first, "to": question.last}
        return url_with("/receivables/receipts", unit=line.unit, **dates, **carried(question))

    return Look(
        key="receipts-by",
        caption=_("Receipts by branch") if is_company else _("Receipts by customer"),
        keys=("receipts",),
        big=is_company,
        drill=drill,
        phone=("receipts",),
        first_label=_("Branch") if is_company else _("Customer"),
        sort=request.query_params.get("sort", "-receipts") if is_company else "",
        can_sort=is_company,
    )


def receipt_table(rows: list[Row], around: tuple[str, str]) -> TableView:
    """The receipts newest first."""
    columns = [
        Column("number", _("Receipt"), phone="head"),
        Column("day", _("Date"), "day", phone="second"),
        Column("branch", _("Branch"), phone="second"),
        Column("customer", _("Customer"), "link"),
        Column("amount", _("Amount"), "money", phone="second"),
        Column("unallocated", _("Unallocated"), "money"),
        Column("status", _("State"), "status"),
    ]
    empty = parts.Empty("nothing", _("No receipts in these days."))
    return TableView("receipts", _("Receipts, newest first"), columns, rows, next_url=around[0], previous_url=around[1], empty=empty)  # fmt: skip


def receipt_row(row: Mapping[str, Any], names: Mapping[str, str]) -> Row:
    """One receipt."""
    currency = str(row["currency"])
    is_reversed = row["status"] == "reversed"
    rest = 0 if is_reversed else int(row["amount_minor"]) - int(row["allocated_minor"])
    return Row(
        {
            "number": str(row["number"]),
            "day": as_date(row["happened_on"]),
            "branch": names.get(str(row["branch"]), str(row["branch"])),
            "customer": parts.Link(
                str(row["customer"]), url_with("/receivables", unit=f"customer:{row['customer_id']}")
            ),
            "amount": Money(int(row["amount_minor"]), currency),
            "unallocated": Money(rest, currency),
            "status": parts.Status("cancelled", _("reversed")) if is_reversed else "active",
        },
        id=str(row["id"]),
    )
