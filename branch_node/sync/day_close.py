"""/sync/day-close: what this branch stated at the close of each day, and whether headquarters has it."""

from collections.abc import Mapping, Sequence
from datetime import date

from starlette.requests import Request
from starlette.responses import Response

from branch_node.home import home
from branch_node.replication.models import ReplicationState
from branch_node.sync.pages import DayClosePage
from shared.errors import Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.ledgers import LEDGERS
from shared.money import Money
from shared.periods import day_in
from shared.records import DayClose
from shared.web.filters import day as day_text
from shared.web.filters import money
from shared.web.parts import Column, Crumb, Empty, Row, TableView
from shared.web.responses import page
from shared.web.templating import with_query

DAYS_SHOWN = 31
HASH_SHOWN = 12


async def show(request: Request) -> Response:
    """The lines of one day, by default the last one stated, and the days before it."""
    rows = await DayClose.filter(branch=home().code).order_by("-happened_on").limit(DAYS_SHOWN * len(LEDGERS))
    days: dict[date, dict[str, DayClose]] = {}
    for row in rows:
        days.setdefault(row.happened_on, {})[row.ledger] = row
    chosen = chosen_day(request) or next(iter(days), None)
    lines = days.get(chosen, {}) if chosen else {}
    state = await ReplicationState.get_or_none(id=1)
    view = DayClosePage(
        crumbs=[Crumb(_("Replication"), "/sync")],
        scope=day_text(chosen) if chosen else "",
        lines=lines_table(lines),
        days=days_table(days, state.acked_seq if state else 0),
    )
    return page(request, "sync/day_close.html", view)


def chosen_day(request: Request) -> date | None:
    """The day of the address; Invalid for what is none."""
    text = request.query_params.get("day", "")
    try:
        return day_in(text) if text else None
    except ValueError:
        raise Invalid(N_('"%(text)s" is not a day. Write it like 2026-11-22.'), text=text) from None


def lines_table(lines: Mapping[str, DayClose]) -> TableView:
    """The ledgers of one day."""
    columns = [
        Column("ledger", _("Ledger"), phone="head"),
        Column("count", _("Rows"), "number", phone="second"),
        Column("sum", _("Sum"), phone="second"),
        Column("at", _("Stated at"), "instant"),
        Column("again", _("Stated anew"), "number", title=_("How often rows of this day changed after its close.")),
        Column("hash", _("Hash")),
    ]  # fmt: skip
    rows = [
        Row(
            {
                "ledger": _(ledger.label),
                "count": line.row_count,
                "sum": sums_text(line.sums) or None,
                "at": line.changed_at or line.recorded_at,
                "again": line.revision - 1,
                "hash": line.row_hash.partition(":")[2][:HASH_SHOWN],
            }
        )
        for code, ledger in LEDGERS.items()
        if (line := lines.get(code))
    ]
    empty = Empty("nothing", _("No day has been closed yet. It is done by itself soon after midnight."))
    return TableView("lines", _("Ledgers"), columns, rows, empty=empty)


def days_table(days: Mapping[date, Mapping[str, DayClose]], acked: int) -> TableView:
    """One row a day."""
    columns = [
        Column("day", _("Day"), "day", phone="head"),
        Column("state", _("At HQ"), "status", phone="second"),
        Column("count", _("Rows"), "number", phone="second"),
        Column("again", _("Stated anew"), "number"),
    ]
    rows = [
        Row(
            {
                "day": day,
                "state": "complete" if all(line.position < acked for line in lines.values()) else "waiting",
                "count": sum(line.row_count for line in lines.values()),
                "again": sum(line.revision - 1 for line in lines.values()),
            },
            url=with_query(day=day.isoformat()),
        )
        for day, lines in days.items()
    ]
    return TableView("days", _("Closed days"), columns, rows)


def sums_text(sums: Mapping[str, int]) -> str:
    """Sums per currency in one line."""
    parts: Sequence[str] = [str(money(Money(amount, code))) for code, amount in sorted(sums.items())]
    return ", ".join(parts)
