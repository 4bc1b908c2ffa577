"""Sums of opportunities by branch or person, of lost ones by reason, and the list behind them.

What is open is as it stands now; won and lost are those closed in the days asked for.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any

from hq.figures import memo
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.freshness import Directory
from hq.figures.people import names_of, place_of, unit_of
from hq.figures.rates import conversion
from hq.figures.shape import Column, Figure, Question, Value
from hq.figures.units import month_of, scope_of
from hq.sales.queries import among
from shared.database import fetch_all
from shared.i18n import N_
from shared.vocabulary import OPEN_STAGES
from shared.web.keyset import Cut, Paging, Sort

SECONDS = 30.0
COLUMNS = (
    Column("number_open", N_("Open"), "count"),
    *(Column(stage, label) for stage, label in OPEN_STAGES.items()),
    Column("open", N_("Open amount"), better="higher"),
    Column("weighted", N_("Weighted"), better="higher", title=N_("Amount by its probability.")),
    Column("number_won", N_("Won"), "count", "higher"),
    Column("won", N_("Won amount"), better="higher"),
    Column("number_lost", N_("Lost"), "count", "lower"),
    Column("lost", N_("Lost amount"), better="lower"),
    Column("win_rate", N_("Won of closed"), "share", "higher"),
)


def derive(row: Mapping[str, int]) -> dict[str, Value]:
    """All that is open, and how many of the closed ones were won."""
    closed = row["number_won"] + row["number_lost"]
    return {
        "open": sum(row[stage] for stage in OPEN_STAGES),
        "win_rate": row["number_won"] * 10_000 // closed if closed else None,
    }


PLAN = Plan(
    COLUMNS,
    (*OPEN_STAGES, "weighted", "won", "lost"),
    ("number_open", "number_won", "number_lost"),
    derive,
    chain=tuple(OPEN_STAGES),
)
_IS_OPEN = f"o.stage IN ({', '.join(repr(stage) for stage in OPEN_STAGES)})"
_CLOSED = "o.closed_on >= :first AND o.closed_on <= :last"
_SUMS = ", ".join(
    f"CAST(SUM(CASE WHEN {condition} THEN {value} ELSE 0 END) AS BIGINT) AS {name}"
    for name, condition, value in (
        *((stage, f"o.stage = '{stage}'", "o.base_minor") for stage in OPEN_STAGES),
        ("weighted", _IS_OPEN, "(o.base_minor * o.probability_percent + 50) / 100"),
        ("number_open", _IS_OPEN, "1"),
        ("won", f"o.stage = 'won' AND {_CLOSED}", "o.base_minor"),
        ("number_won", f"o.stage = 'won' AND {_CLOSED}", "1"),
        ("lost", f"o.stage = 'lost' AND {_CLOSED}", "o.base_minor"),
        ("number_lost", f"o.stage = 'lost' AND {_CLOSED}", "1"),
    )
)
SUMS = f"SELECT {{key}} AS k, {_SUMS} FROM opportunity o WHERE o.deleted_at IS NULL{{where}} GROUP BY {{key}}"


async def pipeline(question: Question, branches: Directory) -> Figure:
    """Opportunities by stage. Rows: branches; of a branch its people. NotFound for a unit out of scope."""
    first, last = month_of(question)
    if question.unit.kind in ("company", "region"):
        scope = scope_of(question, branches.codes)
        where = " AND o.branch IN :codes" if scope is not None else ""
        rows = await memo.kept(
            ("pipeline", scope, first, last),
            SECONDS,
            lambda: fetch_all(
                SUMS.format(key="o.branch", where=where), first=first, last=last, codes=sorted(scope or ())
            ),
        )
        sums = {str(row["k"]): row for row in rows}
        figure = await company_figure("pipeline", question, branches, sums, PLAN, last)
        return figure.asked_as(first=first, last=last)
    place = await place_of(question.unit, branches)
    column = {"department": "department_id", "employee": "owner_id", "customer": "customer_id"}.get(
        place.unit.kind
    )
    where, params = " AND o.branch = :code", dict[str, Any](code=place.branch.code)
    if column:
        where, params["unit_key"] = f"{where} AND o.{column} = :unit_key", place.unit.key
    elif place.unit.kind == "unassigned":
        where += " AND o.owner_id IS NULL"
    key = "COALESCE(CAST(o.owner_id AS VARCHAR(36)), '')"
    rows = await fetch_all(SUMS.format(key=key, where=where), first=first, last=last, **params)
    names = await names_of("employee", [str(row["k"]) for row in rows])
    parts = [
        Part(unit_of("employee", str(row["k"]), place.branch.code), names[str(row["k"])], row) for row in rows
    ]
    parts.sort(key=lambda part: (-int(part.sums["weighted"]), part.name))
    figure = await branch_figure("pipeline", question, place, parts, PLAN, last)
    return figure.asked_as(first=first, last=last)


REASONS = """SELECT o.branch, o.lost_reason AS reason, COUNT(*) AS n, CAST(SUM(o.base_minor) AS BIGINT) AS base
FROM opportunity o WHERE o.stage = 'lost' AND o.deleted_at IS NULL AND o.closed_on >= :first AND o.closed_on <= :last{where}
GROUP BY o.branch, o.lost_reason"""


async def lost_reasons(figure: Figure, branches: Directory) -> list[tuple[str, int, int]]:
    """(reason, how many, amount in the figure's currency), the largest amount first; a branch without a rate adds to
    the number only."""
    question = figure.question
    where, params = among(figure)
    rows = await fetch_all(REASONS.format(where=where), first=question.first, last=question.last, **params)
    assert question.last is not None
    rates = await conversion(branches.currencies, figure.total.currency, question.last, question.known_at)
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        branch = branches.get(str(row["branch"]))
        rate = rates.rate(branch.currency) if branch else None
        number, amount = found.get(str(row["reason"]), (0, 0))
        found[str(row["reason"])] = (
            number + int(row["n"]),
            amount + (rate.of(int(row["base"])) if rate is not None else 0),
        )
    return sorted(
        ((reason, number, amount) for reason, (number, amount) in found.items()),
        key=lambda one: (-one[2], one[0]),
    )


LIST = """SELECT o.id, o.branch, o.title, o.customer_id, o.owner_id, o.stage, o.probability_percent, o.currency, o.amount_minor,
o.expected_on, o.closed_on, o.competitor, o.lost_reason, {day} AS sort_value FROM opportunity o
WHERE o.deleted_at IS NULL AND {kind}{where} AND {page} {order}"""
OPEN_DAY = "COALESCE(o.expected_on, o.happened_on)"


def sorts_of(kind: str) -> Mapping[str, Sort]:
    """Open ones by the day they are expected, closed ones by the day they closed."""
    return {"day": Sort(OPEN_DAY if kind not in ("won", "lost") else "o.closed_on", date)}


async def opportunities(figure: Figure, kind: str, reason: str, paging: Paging) -> Cut[Any]:
    """A page of one list: open (all, or one stage), won or lost in the figure's days (for one reason)."""
    where, params = among(figure)
    question = figure.question
    if kind in ("won", "lost"):
        condition = f"o.stage = '{kind}' AND {_CLOSED}"
        params |= {"first": question.first, "last": question.last}
        if reason and kind == "lost":
            condition, params["reason"] = f"{condition} AND o.lost_reason = :reason", reason
    else:
        condition = f"o.stage = '{kind}'" if kind in OPEN_STAGES else _IS_OPEN
    page_where, order, page_params = paging.sql("o.id")
    day = "o.closed_on" if kind in ("won", "lost") else OPEN_DAY
    sql = LIST.format(day=day, kind=condition, where=where, page=page_where, order=order)
    return paging.cut(await fetch_all(sql, **params, **page_params))
