"""The definitions of shared.figures.ENTRIES as set-based SQL that SQLite and PostgreSQL both run.

Called by headquarters' rollups and by the branch's own figures, so that both sum the same thing. Pure: builds text.
"""

from collections.abc import Callable

from shared.figures import ENTRIES, Entry, entries_of


def entry_sql(entry: Entry, source: str, sign: int, more: str = "") -> str:
    """One SELECT that yields what the rows of `source` add to one measure (or take away, with sign -1); `more` are
    further columns of the row."""
    minus = "" if sign > 0 else "-"
    return (
        f"SELECT '{entry.measure}' AS measure, CAST({entry.day} AS {{text}}) AS period, branch, "
        f"CAST({entry.dim} AS {{text}}) AS dim, CAST({entry.currency} AS {{text}}) AS currency, "
        f"COALESCE(CAST({entry.department} AS {{text}}), '') AS department, "
        f"COALESCE(CAST({entry.employee} AS {{text}}), '') AS employee, "
        f"{minus}({entry.amount}) AS amount, {minus}({entry.base}) AS base, {minus}({entry.count}) AS n{more} "
        f"FROM {source} WHERE deleted_at IS NULL AND {entry.day} IS NOT NULL AND ({entry.where})"
    )


def entry_rows_sql(
    table: str, dialect: str, sources: tuple[tuple[str, int], ...], more: Callable[[Entry], str]
) -> str:
    """What each single row of `table` adds, not summed, with the columns of `more` behind."""
    parts = [
        entry_sql(entry, source, sign, f", {more(entry)}")
        for entry in entries_of(table)
        for source, sign in sources
    ]
    return " UNION ALL ".join(parts).replace("{text}", "TEXT" if dialect == "sqlite" else "VARCHAR")


def entries_sql(table: str, dialect: str, sources: tuple[tuple[str, int], ...]) -> str:
    """All that rows of `table` add, per person and day, summed. `sources` are (relation, +1 or -1) pairs."""
    parts = [
        _summed_sql(entry, source, sign)
        for entry in ENTRIES
        if entry.table == table
        for source, sign in sources
    ]
    union = " UNION ALL ".join(parts).replace("{text}", "TEXT" if dialect == "sqlite" else "VARCHAR")
    return (
        "SELECT measure, period, branch, dim, currency, department, employee, "
        f"SUM(amount) AS amount, SUM(base) AS base, SUM(n) AS n FROM ({union}) AS added "
        "GROUP BY measure, period, branch, dim, currency, department, employee"
    )


def _summed_sql(entry: Entry, source: str, sign: int) -> str:
    """What the rows of `source` add to one measure. They are summed as they are kept and their sums put into words: a million ids and dates
    as text cost PostgreSQL more than adding them up."""
    minus = "" if sign > 0 else "-"
    rows = (
        f"SELECT {entry.day} AS day, branch, {entry.dim} AS dim, {entry.currency} AS currency, {entry.department} AS department, "
        f"{entry.employee} AS employee, SUM({entry.amount}) AS amount, SUM({entry.base}) AS base, SUM({entry.count}) AS n "
        f"FROM {source} WHERE deleted_at IS NULL AND {entry.day} IS NOT NULL AND ({entry.where}) GROUP BY 1, 2, 3, 4, 5, 6"
    )
    return (
        f"SELECT '{entry.measure}' AS measure, CAST(day AS {{text}}) AS period, branch, CAST(dim AS {{text}}) AS dim, "
        "CAST(currency AS {text}) AS currency, COALESCE(CAST(department AS {text}), '') AS department, "
        f"COALESCE(CAST(employee AS {{text}}), '') AS employee, {minus}amount AS amount, {minus}base AS base, {minus}n AS n "
        f"FROM ({rows}) AS summed"
    )
