"""What arrived when: every contribution to a figure with the moment headquarters took it over.

Who calls: hq.replication.apply keeps the entries of a batch in its transaction; the figures take back what arrived after
a moment ("as known at"); the page of late entries lists them. An entry is what one row adds to one measure, signed, so
that a row changed later has its old contribution taken away and its new one added.

`received_at` is headquarters' clock, `received_on` the branch's own date then. An entry whose day lies before
`received_on` is late; one that was on time is dropped after KEEP_DAYS (`prune`), so that a moment longer ago than
that is answered for the end of its day.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

from shared import clock
from shared.canonical import to_micros
from shared.database import execute, fetch_all
from shared.figures import AGEING_BUCKETS, Entry, ageing_bounds

if TYPE_CHECKING:
    from hq.figures.cells import DateGroup, Want, Wants

KEEP_DAYS = 7
MONEY_OWED: Mapping[str, int] = {"due": 1, "received": -1, "credited": -1, "written_off": -1}
"""What makes up what remains, with its sign; remaining by due date follows from these and their due dates."""

DOCUMENT_COLUMNS = "tbl, row_id, due_on, customer, sale, instalment"
DELTA_COLUMNS = (
    f"measure, period, branch, dim, currency, department, employee, amount, base, n, {DOCUMENT_COLUMNS}"
)

_COLUMNS_SQL = """tbl {t40} NOT NULL, row_id {t36} NOT NULL, measure {t32} NOT NULL, period {t10} NOT NULL,
  branch {t16} NOT NULL, dim {t32} NOT NULL, currency {t3} NOT NULL, department {t36} NOT NULL, employee {t36} NOT NULL,
  due_on {t10} NOT NULL, customer {t36} NOT NULL, sale {t36} NOT NULL, instalment {t36} NOT NULL,
  amount {number} NOT NULL, base {number} NOT NULL, n {number} NOT NULL,
  received_at {number} NOT NULL, received_on {t10} NOT NULL"""
_SIZES = (3, 10, 16, 32, 36, 40)
_SQLITE = {f"t{size}": "TEXT" for size in _SIZES} | {"number": "INTEGER"}
_POSTGRES = {f"t{size}": f"VARCHAR({size})" for size in _SIZES} | {"number": "BIGINT"}

CREATE = {
    "sqlite": f"""CREATE TABLE IF NOT EXISTS figure_journal (
  id INTEGER PRIMARY KEY AUTOINCREMENT, {_COLUMNS_SQL.format(**_SQLITE)});
CREATE INDEX IF NOT EXISTS figure_journal_received ON figure_journal (branch, received_at)""",
    "postgres": f"""CREATE TABLE IF NOT EXISTS figure_journal (
  id BIGSERIAL PRIMARY KEY, {_COLUMNS_SQL.format(**_POSTGRES)});
CREATE INDEX IF NOT EXISTS figure_journal_received ON figure_journal (branch, received_at)""",
}

_CUSTOMER = {"customer": "id", "daily_plan": "NULL"}
_SALE = {
    "sales_order": "id",
    **dict.fromkeys(("order_share", "receivable", "allocation", "adjustment"), "order_id"),
}
_INSTALMENT = {"receivable": "id", "allocation": "receivable_id", "adjustment": "receivable_id"}


def document_sql(entry: Entry) -> str:
    """The columns that say which document an entry comes from, as SQL over its table's row."""
    references = (
        _CUSTOMER.get(entry.table, "customer_id"),
        _SALE.get(entry.table, "NULL"),
        _INSTALMENT.get(entry.table, "NULL"),
    )
    due_on = "CAST(due_on AS {text})" if entry.table in _INSTALMENT else "''"
    texts = ", ".join(f"COALESCE(CAST({column} AS {{text}}), '')" for column in references)
    return f"'{entry.table}', CAST(id AS {{text}}), {due_on}, {texts}"


REPEATED = "SELECT 1 FROM delta GROUP BY row_id, measure HAVING COUNT(*) > 1 LIMIT 1"
"""Whether a row adds more than once to the same measure: its old image beside the new one, or what it adds and takes away."""


def keep_sql(
    received_at: str, received_on: str, within: str = "", *, relation: str = "delta", repeated: bool = True
) -> str:
    """The statement that keeps what `relation` holds; contributions that did not change leave nothing.

    The arguments are the places of the moment (microseconds UTC) and of the branch's own date (text), an aggregate of it where
    rows are added up; `within` is a condition on the rows. Where nothing is `repeated` (REPEATED finds none) the rows need no adding up, which costs three times as much
    as writing them."""
    keys = f"{DOCUMENT_COLUMNS}, measure, period, branch, dim, currency, department, employee"
    into = f"INSERT INTO figure_journal ({keys}, amount, base, n, received_at, received_on) SELECT {keys}, "
    moment = f"{received_at}, {received_on} FROM {relation} WHERE {within or 'true'}"
    if not repeated:
        return f"{into}amount, base, n, {moment} AND (amount <> 0 OR base <> 0 OR n <> 0)"
    return (
        f"{into}SUM(amount), SUM(base), SUM(n), {moment} "
        f"GROUP BY {keys} HAVING SUM(amount) <> 0 OR SUM(base) <> 0 OR SUM(n) <> 0"
    )


async def prune() -> int:
    """Drop entries that were on time and are older than KEEP_DAYS; how many. May be run at any time."""
    before = clock.now() - timedelta(days=KEEP_DAYS)
    return await execute(
        "DELETE FROM figure_journal WHERE received_at < :before AND period >= received_on", before=before
    )


@dataclass(frozen=True)
class _Sums:
    """A statement in the making: conditional sums of the journal, and their parameters."""

    params: dict[str, Any]
    numbers: Any

    def param(self, value: Any) -> str:
        name = f"j{next(self.numbers)}"
        self.params[name] = value.isoformat() if isinstance(value, date) else value
        return f":{name}"

    def column(self, want: "Want") -> str:
        """What arrived later of one want, as an SQL sum; remaining by due date is not asked this way."""
        if want.measure == "remaining_by_due":
            return f"0 AS {want.name}"
        parts = [f"measure = '{want.measure}'"]
        if want.first is not None:
            parts.append(f"period >= {self.param(want.first)}")
        if want.last is not None:
            parts.append(f"period <= {self.param(want.last)}")
        if want.dims is not None:
            parts.append(f"dim IN {self.param(sorted(want.dims))}")
        value = f"CASE WHEN {' AND '.join(parts)} THEN {want.value} ELSE 0 END"
        return f"CAST(COALESCE(SUM({value}), 0) AS BIGINT) AS {want.name}"


def _started(known_at: datetime) -> _Sums:
    return _Sums({"known_at": to_micros(known_at)}, count())


async def later_by_branch(
    wants: "Wants", groups: Sequence["DateGroup"], scope: frozenset[str] | None, known_at: datetime
) -> dict[str, dict[str, int]]:
    """What arrived after `known_at` of each want, per branch; branches without any are absent."""
    found: dict[str, dict[str, int]] = {}
    for group in groups:
        sums = _started(known_at)
        columns = ", ".join(sums.column(want) for want in wants(group.today))
        those = _branches(sums, scope, group.timezones)
        rows = await fetch_all(
            f"SELECT j.branch, {columns} FROM {those} CROSS JOIN figure_journal j "
            "WHERE j.branch = k.branch AND j.received_at > :known_at GROUP BY j.branch",
            **sums.params,
        )
        found |= {str(row.pop("branch")): {name: int(value) for name, value in row.items()} for row in rows}
    return found


def _branches(sums: _Sums, scope: frozenset[str] | None, timezones: frozenset[str] | None) -> str:
    """The branches asked for, as a relation k."""
    conditions = ["deleted_at IS NULL"]
    if scope is not None:
        conditions.append(f"branch IN {sums.param(sorted(scope))}")
    if timezones is not None:
        conditions.append(f"timezone IN {sums.param(sorted(timezones))}")
    return f"(SELECT DISTINCT branch FROM branch WHERE {' AND '.join(conditions)}) AS k"


async def later_by(
    keys: Sequence[str], wants: Sequence["Want"], scope: frozenset[str] | None, known_at: datetime
) -> dict[tuple[str, ...], dict[str, int]]:
    """What arrived after `known_at` of each want, by columns (or expressions) of the journal and the branch b."""
    sums = _started(known_at)
    columns = ", ".join(sums.column(want) for want in wants)
    named = ", ".join(f"{key} AS k{number}" for number, key in enumerate(keys))
    within = f" AND j.branch IN {sums.param(sorted(scope))}" if scope is not None else ""
    rows = await fetch_all(
        f"SELECT {named}, {columns} FROM branch b JOIN figure_journal j ON j.branch = b.branch "
        f"WHERE b.deleted_at IS NULL AND j.received_at > :known_at{within} GROUP BY {', '.join(keys)}",
        **sums.params,
    )
    return {
        tuple(str(row[f"k{number}"]) for number in range(len(keys))): {
            want.name: int(row[want.name]) for want in wants
        }
        for row in rows
    }


def less(present: dict[Any, Any], later: Mapping[Any, Mapping[str, int]], names: Sequence[str]) -> None:
    """Take away from each key what arrived later; a key that only came later reads 0."""
    for key, row in later.items():
        held = present.get(key)
        present[key] = {name: int((held or {}).get(name) or 0) - row.get(name, 0) for name in names}


async def later_owed(
    group: "DateGroup", scope: frozenset[str] | None, known_at: datetime, keys: Mapping[str, str]
) -> dict[str, dict[str, int]]:
    """What remains, by bucket of due date as of the group's day, from entries of that day or before that arrived
    after `known_at`, per branch. `keys` are the column names of the buckets."""
    sums = _started(known_at)
    signed = " ".join(f"WHEN '{measure}' THEN {sign}" for measure, sign in MONEY_OWED.items())
    bounds = ageing_bounds(group.today)
    columns = []
    for bucket in AGEING_BUCKETS:
        first, last = bounds[bucket]
        inside = f"due_on >= {sums.param(first)} AND due_on <= {sums.param(last)}"
        columns.append(
            f"CAST(COALESCE(SUM(CASE WHEN {inside} THEN base * CASE measure {signed} END ELSE 0 END), 0) AS BIGINT) "
            f"AS {keys[bucket]}"
        )
    quoted = ", ".join(f"'{measure}'" for measure in MONEY_OWED)
    rows = await fetch_all(
        f"SELECT j.branch, {', '.join(columns)} FROM {_branches(sums, scope, group.timezones)} "
        "CROSS JOIN figure_journal j WHERE j.branch = k.branch AND j.received_at > :known_at "
        f"AND j.measure IN ({quoted}) AND j.period <= {sums.param(group.today)} GROUP BY j.branch",
        **sums.params,
    )
    return {str(row.pop("branch")): {name: int(value) for name, value in row.items()} for row in rows}
