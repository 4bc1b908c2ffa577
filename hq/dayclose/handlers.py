"""/day-close: every branch and ledger of a day; /day-close/{code}: one branch; /day-close/{code}/{ledger}: its rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import day_of, question_of
from hq.dayclose.pages import DayClosePage
from hq.dayclose.queries import ROWS_SHOWN, Found, Lines, found_rows, lines_of, rows_of
from hq.dayclose.rules import worst
from hq.figures.freshness import Branch, directory
from hq.figures.shape import Question
from hq.replication.models import ScrubRow
from hq.sync.proof_view import differed_in, image, kind_words, state_words
from hq.tables import url_with
from shared.canonical import from_micros
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext, sentences
from shared.ledgers import LEDGERS, Ledger
from shared.money import Money
from shared.web.filters import day as day_text
from shared.web.filters import instant, money
from shared.web.parts import Column, Crumb, Empty, Row, TableView
from shared.web.responses import page
from shared.web.versions import value_text

COLUMNS_SHOWN = 4
SUMMED_UP = ("happened_on", "total_minor", "amount_minor", "status")
"""What is shown of a row that only one side has."""


@dataclass(frozen=True)
class Asked:
    """The day of the address, headquarters' yesterday by default, and the reader's branches."""

    question: Question
    day: date
    branches: Sequence[Branch]


async def asked(request: Request) -> Asked:
    question = question_of(request, "figures.view")
    yesterday = question.house.today() - timedelta(days=1)
    chosen = day_of(request.query_params, "day") or yesterday
    return Asked(question, chosen, (await directory(question)).branches)


async def one_branch(request: Request) -> tuple[Asked, Lines]:
    """The branch of the address. NotFound outside the reader's branches."""
    found = await asked(request)
    branches = [branch for branch in found.branches if branch.code == request.path_params["code"]]
    if not branches:
        raise NotFound()
    return found, (await lines_of(branches, found.day))[0]


def page_of(asked: Asked, url: str, table: TableView, **values: Any) -> DayClosePage:
    """What the three pages have in common."""
    given = {
        "title": _("Day close"),
        "scope": day_text(asked.day),
        "crumbs": [],
        "day": asked.day,
        "previous_url": url_with(url, day=asked.day - timedelta(days=1)),
        "next_url": url_with(url, day=asked.day + timedelta(days=1))
        if asked.day < asked.question.house.today()
        else "",
        "table": table,
    }
    return DayClosePage(**{**given, **values})


async def show(request: Request) -> Response:
    """Every branch beside every ledger, the worst first."""
    found = await asked(request)
    lines = await lines_of(found.branches, found.day)
    columns = [
        Column("name", _("Branch"), phone="head"),
        Column("all", _("All ledgers"), "status", phone="second"),
        *(Column(ledger.code, _(ledger.label), "status") for ledger in LEDGERS.values()),
    ]
    order = {"red": 0, "changed": 1, "not_yet": 2, "green": 3}
    rows = [
        Row(
            {"name": one.branch.name, "all": worst(one.states), **one.states},
            url=url_with(f"/day-close/{one.branch.code}", day=found.day),
            links={
                code: url_with(f"/day-close/{one.branch.code}/{code}", day=found.day)
                for code, state in one.states.items()
                if state != "not_yet"
            },
        )
        for one in sorted(lines, key=lambda one: order[worst(one.states)])
    ]
    empty = Empty("nothing", _("No branch is connected yet."))
    table = TableView("dayclose", _("Day close"), columns, rows, empty=empty)
    text, tone = sentence(lines)
    hint = _("At the close of a day each branch states what every ledger holds: how many rows, their sums and a hash over all of them. HQ computes the same from its own rows.")  # fmt: skip
    return page(request, "dayclose/show.html", page_of(found, "/day-close", table, sentence=text, tone=tone, hint=hint))  # fmt: skip


def sentence(lines: Sequence[Lines]) -> tuple[str, str]:
    """How many lines hold, and the tone of it."""
    states = [state for one in lines for state in one.states.values()]
    red, green, missing = (states.count(name) for name in ("red", "green", "not_yet"))
    changed = states.count("changed")
    parts = []
    if red:
        parts.append(ngettext("%(n)s line differs; the branch is asked for its rows.", "%(n)s lines differ; the branches are asked for their rows.", red))  # fmt: skip
    if changed:
        parts.append(ngettext("Rows of %(n)s line came after its statement; it is stated anew.", "Rows of %(n)s lines came after their statements; they are stated anew.", changed))  # fmt: skip
    if missing:
        parts.append(ngettext("%(n)s line is not stated yet.", "%(n)s lines are not stated yet.", missing))
    if not parts:
        if len(lines) == 1:
            return ngettext("The %(n)s line equals what the branch stated.", "All %(n)s lines equal what the branch stated.", green), "ok"  # fmt: skip
        return ngettext("The %(n)s line equals what its branch stated.", "All %(n)s lines equal what the branches stated.", green), "ok"  # fmt: skip
    parts.append(_("%(n)s of %(total)s lines are equal.", n=green, total=len(states)))
    return sentences(*parts), "bad" if red else "warn"


async def show_branch(request: Request) -> Response:
    """What one branch stated, ledger by ledger, beside what is held here."""
    found, lines = await one_branch(request)
    columns = [
        Column("ledger", _("Ledger"), phone="head"),
        Column("state", _("State"), "status", phone="second"),
        Column("stated", _("Stated: rows"), "number"),
        Column("held", _("Held: rows"), "number"),
        Column("stated_sum", _("Stated: sum"), is_figure=True),
        Column("held_sum", _("Held: sum"), is_figure=True),
        Column("at", _("Stated at"), "instant"),
        Column(
            "again",
            _("Stated anew"),
            "number",
            title=_("How often rows of this day changed after its close."),
        ),
    ]
    code = lines.branch.code
    rows = [ledger_row(ledger, lines, url_with(f"/day-close/{code}/{ledger.code}", day=found.day)) for ledger in LEDGERS.values()]  # fmt: skip
    text, tone = sentence([lines])
    if not lines.stated:
        is_open = lines.branch.today <= found.day
        text = (
            _("The day is not over there yet.")
            if is_open
            else _("The statement of this day has not arrived.")
        )
    view = page_of(
        found, f"/day-close/{code}", TableView("ledgers", _("Ledgers"), columns, rows),
        title=_("Day close of %(branch)s", branch=lines.branch.name), sentence=text, tone=tone,
        crumbs=[Crumb(_("Day close"), url_with("/day-close", day=found.day))],
    )  # fmt: skip
    return page(request, "dayclose/show.html", view)


def ledger_row(ledger: Ledger, lines: Lines, url: str) -> Row:
    stated, check = lines.stated.get(ledger.code), lines.checks.get(ledger.code)
    return Row(
        {
            "ledger": _(ledger.label),
            "state": lines.state(ledger.code),
            "stated": stated.row_count if stated else None,
            "held": check.row_count if check else None,
            "stated_sum": sums_text(stated.sums) or None if stated else None,
            "held_sum": sums_text(check.sums) or None if check else None,
            "at": (stated.changed_at or stated.recorded_at) if stated else None,
            "again": stated.revision - 1 if stated else None,
        },
        url=url if stated else "",
    )


def sums_text(sums: dict[str, int]) -> str:
    """Sums per currency in one line; a dash is left to the table."""
    return ", ".join(str(money(Money(amount, currency))) for currency, amount in sorted(sums.items()))


async def show_rows(request: Request) -> Response:
    """The rows of one line as they are held here, those that differed marked."""
    found, lines = await one_branch(request)
    ledger = LEDGERS.get(request.path_params["ledger"])
    if ledger is None:
        raise NotFound()
    code = lines.branch.code
    found_here = await found_rows(ledger, code, found.day)
    marked = {row.row_id: row for row in found_here.rows}
    rows = [row_view(row, marked) for row in await rows_of(ledger, code, found.day)]
    has_amounts = any(row.cells["amount"] is not None for row in rows)
    columns = [
        Column("row", _("Row"), phone="head"),
        *([Column("amount", _("Amount"), "money", phone="second")] if has_amounts else []),
        Column("at", _("Entered"), "instant", phone="second"),
        Column("note", _("Differed in")),
        Column("id", _("Id")),
    ]
    text, tone = sentence_of_line(lines, ledger)
    crumbs = [Crumb(_("Day close"), url_with("/day-close", day=found.day)), Crumb(lines.branch.name, url_with(f"/day-close/{code}", day=found.day))]  # fmt: skip
    hint = _("The first %(n)s rows are shown.", n=ROWS_SHOWN) if len(rows) == ROWS_SHOWN else ""
    view = page_of(
        found, f"/day-close/{code}/{ledger.code}",
        TableView("rows", _(ledger.label), columns, rows, empty=Empty("nothing", _("HQ holds no rows of this day."))),
        title=_(ledger.label), sentence=text, tone=tone, crumbs=crumbs, hint=hint,
        **differed(found_here, is_red=lines.state(ledger.code) == "red", may_open=request.state.person.may("sync.view")),
    )  # fmt: skip
    return page(request, "dayclose/show.html", view)


def sentence_of_line(lines: Lines, ledger: Ledger) -> tuple[str, str]:
    """What is said above the rows."""
    check, stated = lines.checks.get(ledger.code), lines.stated.get(ledger.code)
    if check is None or stated is None:
        return _("The statement of this day has not arrived."), "muted"
    if check.state == "green":
        return _("These rows equal what the branch stated at %(time)s.", time=instant(stated.changed_at or stated.recorded_at)), "ok"  # fmt: skip
    if check.state == "changed":
        return _("Rows of this day came after the statement; the branch states the day anew."), "warn"
    return _("Rows stated by the branch: %(stated)s; held by HQ: %(held)s. It is asked which differ; they are mended and listed here.", stated=stated.row_count, held=check.row_count), "bad"  # fmt: skip


def differed(found: Found, *, is_red: bool, may_open: bool) -> dict[str, Any]:
    """The rows of a line that differed as a table of the page; nothing for a line that holds and always did."""
    if not (found.count or is_red):
        return {}
    columns = [
        Column("row", _("Row"), phone="head"),
        Column("kind", _("How"), phone="second"),
        Column("columns", _("Differed in")),
        Column("here", _("Here before")),
        Column("there", _("At the branch")),
        Column("state", _("State"), phone="second"),
        Column("at", _("Found"), "instant"),
    ]
    empty = Empty("nothing", _("The branch has not named a row yet. HQ asks within minutes; the branch answers at its next contact."))  # fmt: skip
    rows = [difference(row, may_open) for row in found.rows]
    shown = len(found.rows)
    hint = _("The newest %(n)s of %(total)s rows are shown.", n=shown, total=found.count) if found.count > shown else ""  # fmt: skip
    return {
        "found": TableView("differed", _("Rows that differed"), columns, rows, empty=empty),
        "found_hint": hint,
    }


def difference(row: ScrubRow, may_open: bool) -> Row:
    """One row that differed, with what was on either side."""
    here, there = image(row.before), image(row.after)
    names = row.columns or [name for name in SUMMED_UP if {**here, **there}.get(name)]
    known = {**here, **there}
    return Row(
        {
            "row": known.get("number") or known.get("subject") or known.get("text") or row.row_id[:13],
            "kind": kind_words().get(row.kind, row.kind),
            "columns": differed_in(row) or None,
            "here": side_text(here, names),
            "there": side_text(there, names),
            "state": state_words().get(row.status, row.status),
            "at": row.found_at,
        },
        url=f"/sync/{row.branch}/rows/{row.id}" if may_open else "",
    )


def side_text(image: dict[str, Any], names: Sequence[str]) -> str | None:
    """What one side holds in some columns; None where it has no such row."""
    if not image:
        return None
    texts = [value_text(name, image.get(name), image) or "—" for name in names[:COLUMNS_SHOWN]]
    return _(", ").join(texts + (["..."] if len(names) > COLUMNS_SHOWN else []))


def row_view(row: dict[str, Any], marked: dict[str, Any]) -> Row:
    named = marked.get(row["id"])
    what = (differed_in(named) or kind_words().get(named.kind, named.kind)) if named else None
    return Row(
        {
            "row": row["number"] or row["text"] or row["id"][:13],
            "amount": Money(int(row["amount"]), row["currency"]) if row["currency"] else None,
            "at": moment_of(row["recorded_at"]),
            "note": what,
            "id": row["id"],
        },
        is_muted=row["deleted_at"] is not None,
    )


def moment_of(micros: int | None) -> datetime | None:
    return from_micros(int(micros)) if micros is not None else None
