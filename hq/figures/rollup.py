"""Rollups: every replicated row folded into cells by day, month and year, in the transaction that writes the row.

Who calls: hq.replication.apply for each batch, hq.figures.rebuild for all. The definitions are shared.figures.ENTRIES;
this module only turns them into set-based SQL that both engines run.

A cell is (tier, measure, period, branch, dim, currency, department, employee) -> amount, base, n. Tiers: pd and pm for a
person's day and month, bd, bm and by for a branch's day, month and year (department and employee empty). An
empty employee is 'unassigned'. Cells that came back to zero stay; rebuild and proof do not count them.
"""

from hq.figures import journal
from shared.entries_sql import entries_sql
from shared.figures import ENTRIES

__all__ = ["COUNTED_TABLES", "CREATE", "KEYS", "NOT_PERSONAL", "entries_sql", "fold_sql", "install"]

NOT_PERSONAL = ("remaining_by_due", "customers_by_last_contact", "customers_by_next_contact")
"""Measures whose day is not a day of work: kept per branch only; a person's own are read from the rows."""

KEYS = "tier, measure, period, branch, dim, currency, department, employee"

CREATE = {
    "sqlite": """CREATE TABLE IF NOT EXISTS figure_cell (
  tier TEXT NOT NULL, measure TEXT NOT NULL, period TEXT NOT NULL, branch TEXT NOT NULL, dim TEXT NOT NULL,
  currency TEXT NOT NULL, department TEXT NOT NULL, employee TEXT NOT NULL,
  amount INTEGER NOT NULL, base INTEGER NOT NULL, n INTEGER NOT NULL,
  PRIMARY KEY (tier, measure, period, branch, dim, currency, department, employee)) WITHOUT ROWID""",
    "postgres": """CREATE TABLE IF NOT EXISTS figure_cell (
  tier VARCHAR(2) NOT NULL, measure VARCHAR(32) NOT NULL, period VARCHAR(10) NOT NULL, branch VARCHAR(16) NOT NULL,
  dim VARCHAR(32) NOT NULL, currency VARCHAR(3) NOT NULL, department VARCHAR(36) NOT NULL, employee VARCHAR(36) NOT NULL,
  amount BIGINT NOT NULL, base BIGINT NOT NULL, n BIGINT NOT NULL,
  PRIMARY KEY (tier, measure, period, branch, dim, currency, department, employee))""",
}

COUNTED_TABLES = frozenset(entry.table for entry in ENTRIES)

_TIERS = (
    ("pd", "period", True),
    ("pm", "substr(period, 1, 7)", True),
    ("bd", "period", False),
    ("bm", "substr(period, 1, 7)", False),
    ("by", "substr(period, 1, 4)", False),
)


def fold_sql(delta: str) -> str:
    """The statement that adds the person-day rows of relation `delta` to the cells of every tier. The rows of a person's day are
    summed first, once, because there are many of them to a day."""
    quoted = ", ".join(f"'{name}'" for name in NOT_PERSONAL)
    parts = []
    for tier, period, personal in _TIERS:
        who = "department, employee" if personal else "'' AS department, '' AS employee"
        keep = f" WHERE measure NOT IN ({quoted})" if personal else ""
        parts.append(
            f"SELECT '{tier}' AS tier, measure, {period} AS period, branch, dim, currency, {who}, amount, base, n FROM days{keep}"
        )
    day = KEYS.removeprefix("tier, ")
    return (
        f"INSERT INTO figure_cell ({KEYS}, amount, base, n) WITH days AS MATERIALIZED ("
        f"SELECT {day}, SUM(amount) AS amount, SUM(base) AS base, SUM(n) AS n FROM {delta} GROUP BY {day}) "
        f"SELECT {KEYS}, SUM(amount), SUM(base), SUM(n) FROM ({' UNION ALL '.join(parts)}) AS tiers "
        f"WHERE true GROUP BY {KEYS} HAVING SUM(amount) <> 0 OR SUM(base) <> 0 OR SUM(n) <> 0 "
        f"ORDER BY {KEYS} "
        "ON CONFLICT (tier, measure, period, branch, dim, currency, department, employee) DO UPDATE SET "
        "amount = figure_cell.amount + excluded.amount, base = figure_cell.base + excluded.base, "
        "n = figure_cell.n + excluded.n"
    )


async def install() -> None:
    """Create the tables in the current database; called after migrating headquarters."""
    from shared.database.access import connection

    client = connection()
    await client.execute_script(CREATE[client.capabilities.dialect])
    await client.execute_script(journal.CREATE[client.capabilities.dialect])
