"""What the overview shows beside the board: thirteen months of the company, and the newest of four kinds."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hq.figures import cells, crowd, memo
from hq.figures.cells import Want
from hq.figures.freshness import Branch, Directory
from hq.figures.lists import as_date
from hq.figures.rules import Conversion
from hq.figures.scoreboard import Board
from hq.figures.shape import Question
from hq.figures.units import scope_of
from shared import figures
from shared.database import engine, fetch_all
from shared.periods import Month

MONTHS = 13
STRIP_ROWS = 5
SERIES_SECONDS = 60.0
SERIES = ("sales", "profit", "receipts", "expense")


async def series(
    question: Question, branches: Directory, until: date, rates: Conversion
) -> dict[str, list[int]]:
    """Sales, receipts and expense of thirteen months up to the month of `until`, all at the board's rates: a shape,
    not an account, a minute old at most. Profit is left to branches with one rule for income."""
    last = Month.containing(until)
    months = [last.previous(number) for number in range(MONTHS - 1, -1, -1)]
    span = (months[0].first, last.last)
    wants = [Want(name, name, *span) for name in ("ordered", "cancelled", "shipped", "receipts", "expense")]
    scope = scope_of(question, branches.codes)
    rows = await memo.kept(
        ("series", span, scope, question.known_at),
        SERIES_SECONDS,
        lambda: cells.by_month(wants, until, scope, known_at=question.known_at),
    )
    rules = {branch.income_rule for branch in branches.branches}
    found: dict[str, list[int]] = {name: [0] * MONTHS for name in SERIES}
    for (period, currency), row in rows.items():
        rate = rates.rate(currency)
        place = next((at for at, month in enumerate(months) if str(month) == period), None)
        if rate is None or place is None:
            continue
        amounts = {name: rate.of(int(row[name])) for name in row}
        found["sales"][place] += figures.sales(amounts["ordered"], amounts["cancelled"])
        found["receipts"][place] += amounts["receipts"]
        found["expense"][place] += amounts["expense"]
        if len(rules) == 1:
            income = figures.income(next(iter(rules)), **{k: v for k, v in amounts.items() if k != "expense"})
            found["profit"][place] += figures.operating_profit(income, amounts["expense"])
    if len(rules) != 1:
        found["profit"] = []
    return found


@dataclass(frozen=True)
class StripRow:
    """One line of a short list: a customer or a piece of news."""

    title: str
    url: str
    day: date | None
    branch: str
    is_outside: bool = False


STRIP = """SELECT * FROM (SELECT 'newest' AS kind, CAST(c.id AS VARCHAR(36)) AS id, c.branch, c.name AS title,
c.acquired_on AS day, '' AS link FROM customer c WHERE c.acquired_on <= :ahead AND c.deleted_at IS NULL
AND c.merged_into_id IS NULL{where} ORDER BY c.acquired_on DESC, c.id DESC LIMIT 5) AS a
UNION ALL SELECT * FROM (SELECT 'signed' AS kind, CAST(c.id AS VARCHAR(36)) AS id, c.branch, c.name AS title,
c.signed_on AS day, '' AS link FROM customer c WHERE c.signed_on <= :ahead AND c.deleted_at IS NULL
AND c.merged_into_id IS NULL{where} ORDER BY c.signed_on DESC, c.id DESC LIMIT 5) AS b
UNION ALL SELECT * FROM (SELECT 'due' AS kind, CAST(c.id AS VARCHAR(36)) AS id, c.branch, c.name AS title,
c.next_contact_on AS day, '' AS link FROM customer c WHERE c.next_contact_on <= :today AND c.deleted_at IS NULL
AND c.merged_into_id IS NULL AND c.status IN ('prospect', 'customer'){where}
ORDER BY c.next_contact_on DESC, c.id DESC LIMIT 5) AS d
UNION ALL SELECT * FROM (SELECT 'news' AS kind, CAST(n.id AS VARCHAR(36)) AS id, '' AS branch, n.title,
n.happened_on AS day, n.link FROM news_item n WHERE n.selected AND n.deleted_at IS NULL
ORDER BY n.happened_on DESC, n.id DESC LIMIT 5) AS e"""


async def strip(question: Question, branches: Directory, today: date) -> dict[str, list[StripRow]]:
    """Five newest customers, five newest signed, five follow-ups due, five pieces of news. One statement."""
    scope = scope_of(question, branches.codes)
    where = " AND c.branch IN :codes" if scope is not None else ""
    sql, ahead = STRIP.format(where=where), date(9999, 12, 31)
    rows = await crowd.kept(
        ("strip", today, scope),
        branches.own_seq,
        lambda: fetch_all(sql, today=today, ahead=ahead, codes=sorted(scope or ())),
    )
    names = {branch.code: branch.name for branch in branches.branches}
    found: dict[str, list[StripRow]] = {"newest": [], "signed": [], "due": [], "news": []}
    for row in rows:
        found[str(row["kind"])].append(strip_row(row, names))
    return found


def strip_row(row: Mapping[str, Any], names: Mapping[str, str]) -> StripRow:
    """One line with its address."""
    link = str(row["link"] or "")
    is_news = row["kind"] == "news"
    is_outside = is_news and link.startswith(("http://", "https://"))
    url = link if is_outside else "/news" if is_news else f"/customers/{row['id']}"
    code = str(row["branch"])
    return StripRow(str(row["title"]), url, as_date(row["day"]), names.get(code, code), is_outside)


@dataclass(frozen=True)
class Alert:
    """Something that needs an executive: why, and where to look. `tone` is bad or warn."""

    text: str
    url: str
    tone: str = "warn"


@dataclass(frozen=True)
class Waiting:
    """Early warnings of the reader's branches that nobody has acknowledged: how many, and of those about rows (customers
    above their limit, plans not in) how many customers or people in how many branches."""

    count: int = 0
    sums: Mapping[str, tuple[int, int]] = field(default_factory=dict)


SUMMED = ("limit", "plans")


async def waiting_warnings(scope: frozenset[str] | None) -> Waiting:
    """What waits for somebody at these branches (None: all). One statement, a row for each kind."""
    within = " AND branch IN :codes" if scope is not None else ""
    number = (
        "CAST(\"values\"::json ->> 'n' AS BIGINT)"
        if engine() == "postgres"
        else "json_extract(\"values\", '$.n')"
    )
    rows = await fetch_all(
        f"SELECT kind, COUNT(*) AS branches, CAST(SUM(COALESCE({number}, 0)) AS BIGINT) AS number FROM hq_warning "
        f"WHERE cleared_at IS NULL AND acknowledged_at IS NULL{within} GROUP BY kind",
        codes=sorted(scope or ()),
    )
    sums = {
        str(row["kind"]): (int(row["number"]), int(row["branches"])) for row in rows if row["kind"] in SUMMED
    }
    return Waiting(sum(int(row["branches"]) for row in rows), sums)


def stale_branches(branches: Sequence[Branch]) -> list[Branch]:
    """The branches whose data is not current, the longest silent first."""
    stale = [branch for branch in branches if not branch.mark.is_current]
    return sorted(
        stale, key=lambda branch: (branch.mark.contact_at is None, branch.mark.contact_at or 0, branch.code)
    )


def worst_gap(board: Board) -> tuple[str, str, int] | None:
    """Name, unit and gap of the ranked branch that is furthest below its plan; None when none is below."""
    lines = zip(board.figure.rows, board.column("gap"), strict=True)
    gaps = [
        (gap, line.unit, line.name)
        for line, gap in lines
        if gap is not None and gap < 0 and line.state not in ("unreachable", "never")
    ]
    worst = min(gaps, default=None)
    return (worst[2], worst[1], worst[0]) if worst is not None else None
