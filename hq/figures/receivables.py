"""The figures receivables and ageing: what was due, what came in, what remains, and how late it is, as of a day."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from hq.figures import facts, journal, memo
from hq.figures.answers import answered
from hq.figures.assemble import Part, Plan, branch_figure, company_figure
from hq.figures.cells import DateGroup, Sums, Want
from hq.figures.freshness import Directory, directory
from hq.figures.lists import as_date
from hq.figures.people import Place, names_of, place_of, unit_of
from hq.figures.shape import Column, Figure, Question, Value
from hq.figures.units import require_by, scope_of
from hq.figures.workings import Workings
from shared import figures
from shared.database import fetch_all
from shared.figures import AGEING_BUCKETS, AGEING_LABELS
from shared.i18n import N_, gettext

DUE, RECEIPTS, RECEIVED = N_("Due"), N_("Receipts"), N_("Received")

COLUMNS = (
    Column("due", DUE, title=N_("Instalments of approved orders, less cancelled ones.")),
    Column("receipts", RECEIPTS, better="higher", title=N_("Money that came in, less what was reversed.")),
    Column("received", RECEIVED, better="higher", title=N_("The part of receipts allocated to instalments.")),
    Column("credited", N_("Credited"), better="lower"),
    Column("written_off", N_("Written off"), better="lower"),
    Column("unallocated", N_("Unallocated"), title=N_("Receipts less what was allocated: the customers' credit.")),
    Column("remaining", N_("Remaining"), better="lower", title=N_("Due less received, credited and written off.")),
    Column("balance", N_("Balance"), better="lower", title=N_("Remaining less unallocated.")),
)  # fmt: skip


def derive_balance(row: Mapping[str, int]) -> dict[str, Value]:
    """due and the rest from what was received, credited, written off and remains."""
    unallocated = figures.unallocated(row["receipts"], row["allocated"])
    return {
        "due": row["received"] + row["credited"] + row["written_off"] + row["remaining"],
        "unallocated": unallocated,
        "balance": row["remaining"] - unallocated,
    }


PLAN = Plan(
    COLUMNS,
    money=("receipts", "allocated", "received", "credited", "written_off", "remaining"),
    derive=derive_balance,
)

BUCKETS = dict(
    zip(AGEING_BUCKETS, ("not_due", "days_1_30", "days_31_60", "days_61_90", "days_over_90"), strict=True)
)
"""Column keys of the buckets."""

AGEING_COLUMNS = (
    Column("remaining", N_("Remaining"), better="lower"),
    *(Column(key, AGEING_LABELS[bucket], better="none" if bucket == "not_due" else "lower") for bucket, key in BUCKETS.items()),
    Column("overdue", N_("Overdue"), better="lower"),
    Column("overdue_share", N_("Overdue share"), "share", "lower", N_("Overdue in per cent of remaining.")),
)  # fmt: skip


def derive_ageing(row: Mapping[str, int]) -> dict[str, Value]:
    """The sums of the buckets, and overdue in basis points of remaining (None when nothing remains)."""
    found = figures.Ageing({bucket: row[key] for bucket, key in BUCKETS.items()})
    share = figures.completion_bp(found.overdue, found.total) if found.total > 0 else None
    return {"remaining": found.total, "overdue": found.overdue, "overdue_share": share}


AGEING_PLAN = Plan(
    AGEING_COLUMNS, money=tuple(BUCKETS.values()), derive=derive_ageing, chain=tuple(BUCKETS.values())
)


def wants(as_of: date) -> list[Want]:
    """What adds up to receivables as of a day."""
    return [
        Want("due", "due", None, as_of),
        Want("receipts", "receipts", None, as_of),
        Want("allocated", "allocated", None, as_of),
        Want("received", "received", None, as_of),
        Want("credited", "credited", None, as_of),
        Want("written_off", "written_off", None, as_of),
    ]


def with_remaining(row: Sums) -> dict[str, int]:
    """The primitives of PLAN: what remains instead of what was due."""
    remaining = figures.remaining(row["due"], row["received"], row["credited"], row["written_off"])
    return {**row, "remaining": remaining}


def bucket_wants(as_of: date) -> list[Want]:
    """Remaining by due date, split at the bounds of the buckets."""
    bounds = figures.ageing_bounds(as_of)
    return [
        Want(
            key, "remaining_by_due", None if first == date.min else first, None if last == date.max else last
        )
        for bucket, key in BUCKETS.items()
        for first, last in [bounds[bucket]]
    ]


async def receivables(question: Question) -> Figure:
    """Receivables as of a day (default: each branch's own today). Rows: branches; below a branch its customers
    (or employees, departments); of a customer its instalments."""
    branches = await directory(question)
    as_of = question.as_of
    if question.unit.kind in ("company", "region"):
        on = as_of or question.house.today()
        figure = await answered(
            "receivables", question, branches, lambda known: owed_to_each(question, branches, on, known)
        )
        return figure.asked_as(as_of=on)
    place = await place_of(question.unit, branches)
    on = as_of or place.branch.today
    by = by_of(question)
    ranked = await facts.ranked(
        wants(on),
        by,  # type: ignore[arg-type]
        facts.Among(place.branch.code, place.unit, question.known_at),
        order="due - received - credited - written_off",
        keep="due <> 0 OR receipts <> 0 OR received <> 0",
        limit=question.limit,
        offset=question.offset,
    )
    parts = await parts_of(by, [(key, with_remaining(row)) for key, row in ranked.rows], place, on)
    total = with_remaining(ranked.total)
    figure = await branch_figure(
        "receivables", question, place, parts, PLAN, on, total=total, count=ranked.count
    )
    return figure.asked_as(as_of=on)


async def owed_to_each(question: Question, branches: Directory, on: date, known: Workings) -> Figure:
    """Receivables, one row for each branch."""
    groups = branches.date_groups(question.as_of)
    sums = await memo.by_branch(branches, wants, groups, scope_of(question, branches.codes))
    rows = {code: with_remaining(row) for code, row in sums.items()}
    return await company_figure("receivables", question, branches, rows, PLAN, on, workings=known)


async def ageing(question: Question) -> Figure:
    """What remains by days past due as of a day (default: each branch's own today); rows as for receivables.

    An earlier day is answered by what remains now, less everything that took effect after that day.
    """
    branches = await directory(question)
    if question.unit.kind in ("company", "region"):
        on = question.as_of or question.house.today()
        figure = await answered(
            "ageing", question, branches, lambda known: ageing_of_each(question, branches, on, known)
        )
        return figure.asked_as(as_of=on)
    place = await place_of(question.unit, branches)
    on = question.as_of or place.branch.today
    by = by_of(question)
    ranked = await facts.ranked(
        bucket_wants(on),
        by,  # type: ignore[arg-type]
        facts.Among(place.branch.code, place.unit, question.known_at),
        order=" + ".join(BUCKETS.values()),
        keep=" OR ".join(f"{key} <> 0" for key in BUCKETS.values()),
        limit=question.limit,
        offset=question.offset,
        as_of=on,
    )
    parts = await parts_of(by, ranked.rows, place, on)
    figure = await branch_figure(
        "ageing", question, place, parts, AGEING_PLAN, on, total=ranked.total, count=ranked.count
    )
    return figure.asked_as(as_of=on)


async def ageing_of_each(question: Question, branches: Directory, on: date, known: Workings) -> Figure:
    """Ageing, one row for each branch."""
    groups = branches.date_groups(question.as_of)
    scope = scope_of(question, branches.codes)
    sums = await memo.by_branch(branches, bucket_wants, groups, scope)
    rows = await taken_back(branches, sums, groups, scope, question.known_at)
    return await company_figure("ageing", question, branches, rows, AGEING_PLAN, on, workings=known)


def by_of(question: Question) -> str:
    """What the rows are: customers, and the instalments' orders of one customer."""
    default = "order" if question.unit.kind == "customer" else "customer"
    return require_by(question.by or default, ("customer", "employee", "department", "order", "instalment"))


async def parts_of(by: str, rows: Sequence[tuple[str, Sums]], place: Place, on: date) -> list[Part]:
    """Rows with their names; the rows of a customer are its orders."""
    keys = [key for key, _ in rows]
    if by == "instalment":
        return await instalment_parts(rows)
    names = await order_numbers(keys) if by == "order" else await names_of(by, keys)
    return [Part(unit_of(by, key, place.branch.code), names.get(key, ""), row) for key, row in rows]


async def instalment_parts(rows: Sequence[tuple[str, Sums]]) -> list[Part]:
    """Rows of instalments with order number, position and due date; what hangs on none (receipts) is named so."""
    wanted = [key for key, _ in rows if key]
    found = await fetch_all(INSTALMENTS, ids=wanted) if wanted else []
    known = {str(row["id"]): row for row in found}
    parts = []
    for key, sums in rows:
        row = known.get(key)
        name = f"{row['number']}/{row['position']}" if row else gettext(N_("Receipts"))
        extra: dict[str, Value] = {"due_on": as_date(row["due_on"]) if row else None}
        parts.append(Part(f"instalment:{key}" if key else "receipts", name, sums, extra))
    return parts


INSTALMENTS = """SELECT r.id, r.position, r.due_on, COALESCE(o.number, '') AS number FROM receivable r
LEFT JOIN sales_order o ON o.id = r.order_id WHERE r.id IN :ids"""


async def order_numbers(ids: Sequence[str]) -> dict[str, str]:
    """Order numbers by id; what hangs on no order (receipts) has the empty key."""
    wanted = [key for key in ids if key]
    rows = (
        await fetch_all("SELECT id, number FROM sales_order WHERE id IN :ids", ids=wanted) if wanted else []
    )
    return {str(row["id"]): str(row["number"]) for row in rows}


# What took effect after a day, by due date: a later entry that took something brings it back, and the other way round.
LATER = """SELECT r.branch, r.due_on, -r.base_minor AS v FROM {those} CROSS JOIN receivable r
WHERE r.branch = k.branch AND r.happened_on > :as_of AND r.cancelled_on IS NULL AND r.deleted_at IS NULL
UNION ALL SELECT r.branch, r.due_on, r.base_minor FROM {those} CROSS JOIN receivable r
WHERE r.branch = k.branch AND r.cancelled_on > :as_of AND r.happened_on <= :as_of AND r.deleted_at IS NULL
UNION ALL SELECT a.branch, a.due_on, CASE WHEN a.reverses_id IS NULL THEN a.base_minor ELSE -a.base_minor END
FROM {those} CROSS JOIN allocation a WHERE a.branch = k.branch AND a.happened_on > :as_of AND a.deleted_at IS NULL
UNION ALL SELECT a.branch, a.due_on, CASE WHEN a.reverses_id IS NULL THEN a.base_minor ELSE -a.base_minor END
FROM {those} CROSS JOIN adjustment a WHERE a.branch = k.branch AND a.happened_on > :as_of AND a.deleted_at IS NULL"""


async def taken_back(
    branches: Directory,
    sums: Mapping[str, Sums],
    groups: Sequence[DateGroup],
    scope: frozenset[str] | None,
    known_at: datetime | None = None,
) -> dict[str, Sums]:
    """Buckets as they stood at the end of each group's day: what remains now, less all that took effect later. Without `sums`
    it is what took effect later, of the branches that have any.

    The later entries are found by the index on branch and day, so that 'today' costs one empty look per branch that moved.
    """
    found = dict(sums)

    async def entries(among: frozenset[str] | None) -> dict[str, Sums]:
        return {code: row for group in groups for code, row in (await later_entries(group, among)).items()}

    later = await memo.by_position(branches, ("later", tuple(groups)), scope, entries)
    add_buckets(found, later, 1)
    if known_at is not None:
        for group in groups:
            add_buckets(found, await journal.later_owed(group, scope, known_at, BUCKETS), -1)
    return found


def add_buckets(found: dict[str, Sums], rows: Mapping[str, Sums], sign: int) -> None:
    """Add the buckets of each branch, or take them away; the sums that were there are left as they are."""
    for code, row in rows.items():
        held = found.get(code, {})
        found[code] = {**held, **{key: held.get(key, 0) + sign * row[key] for key in BUCKETS.values()}}


async def later_entries(group: DateGroup, scope: frozenset[str] | None) -> dict[str, Sums]:
    """What took effect after the group's day, by bucket, of the branches that have any. One statement."""
    bounds = figures.ageing_bounds(group.today)
    cases = ", ".join(
        f"CAST(SUM(CASE WHEN due_on >= :first_{key} AND due_on <= :last_{key} THEN v ELSE 0 END) AS BIGINT) AS {key}"
        for key in BUCKETS.values()
    )
    params: dict[str, object] = {"as_of": group.today}
    for bucket, key in BUCKETS.items():
        params[f"first_{key}"], params[f"last_{key}"] = bounds[bucket]
    conditions = ["deleted_at IS NULL"]
    if scope is not None:
        conditions.append("branch IN :codes")
        params["codes"] = sorted(scope)
    if group.timezones is not None:
        conditions.append("timezone IN :zones")
        params["zones"] = sorted(group.timezones)
    those = f"(SELECT DISTINCT branch FROM branch WHERE {' AND '.join(conditions)}) AS k"
    rows = await fetch_all(
        f"SELECT branch, {cases} FROM ({LATER.format(those=those)}) AS entries GROUP BY branch", **params
    )
    return {str(row["branch"]): {key: int(row[key]) for key in BUCKETS.values()} for row in rows}
