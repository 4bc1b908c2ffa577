"""Recomputes the rollups from the facts: to repair them, and to prove that the incremental ones are right."""

from dataclasses import dataclass

from hq.figures.rollup import COUNTED_TABLES, KEYS, entries_sql, fold_sql
from shared import clock
from shared.database import engine, execute, fetch_all, transaction
from shared.database.access import connection


def touch_sql(dialect: str, now: str) -> str:
    """The statement by which every cursor notes that its cells have changed: its `applied_at` grows in any case. `now` is the
    place of the moment, in microseconds."""
    later = "MAX" if dialect == "sqlite" else "GREATEST"
    return f"UPDATE branch_cursor SET applied_at = {later}(COALESCE(applied_at, 0) + 1, {now})"


@dataclass(frozen=True)
class CellDifference:
    """A cell whose kept sums differ from those of the facts; each side is (amount, base, n)."""

    cell: tuple[str, ...]
    kept: tuple[int, int, int]
    recomputed: tuple[int, int, int]


async def _fill(target: str) -> None:
    """Every table is read once into sums per person and day; the tiers are folded from those."""
    dialect = engine()
    await execute("DROP TABLE IF EXISTS figure_days")
    columns = f"{KEYS.removeprefix('tier, ')}, amount, base, n"
    await execute(f"CREATE TEMPORARY TABLE figure_days AS SELECT {columns} FROM figure_cell WHERE 1 = 0")
    for table in sorted(COUNTED_TABLES):
        query = entries_sql(table, dialect, ((f'"{table}"', 1),))
        await execute(f"INSERT INTO figure_days ({columns}) {query}")
    await execute(fold_sql("figure_days").replace("figure_cell", target))
    await execute("DROP TABLE figure_days")


async def rebuild() -> int:
    """Replace all cells by sums over the facts, in one transaction; the number of cells after it. Every cursor notes the
    moment, so that sums kept in memory are read again."""
    async with transaction():
        await execute("DELETE FROM figure_cell")
        await _fill("figure_cell")
        await execute(touch_sql(engine(), ":now"), now=clock.now())
        rows = await fetch_all("SELECT count(*) AS cells FROM figure_cell")
    return int(rows[0]["cells"])


async def differences(limit: int = 100) -> list[CellDifference]:
    """Cells that do not equal the sums over the facts; empty when the rollups are proved right.

    Recomputes into a temporary table, so it may be run at any time; writes nothing.
    """
    columns = KEYS.split(", ")
    joined = " AND ".join(f"a.{name} = b.{name}" for name in columns)
    picked = ", ".join(f"COALESCE(a.{name}, b.{name}) AS {name}" for name in columns)
    sums = ", ".join(
        f"COALESCE({side}.{name}, 0) AS {label}_{name}"
        for side, label in (("a", "kept"), ("b", "made"))
        for name in ("amount", "base", "n")
    )
    async with transaction():
        await connection().execute_script(
            "DROP TABLE IF EXISTS figure_shadow"
        ) if engine() == "postgres" else None
        await execute("CREATE TEMPORARY TABLE figure_shadow AS SELECT * FROM figure_cell WHERE 1 = 0")
        await execute(f"CREATE UNIQUE INDEX figure_shadow_key ON figure_shadow ({KEYS})")
        await _fill("figure_shadow")
        rows = await fetch_all(
            f"SELECT {picked}, {sums} FROM figure_cell a FULL OUTER JOIN figure_shadow b ON {joined} "
            "WHERE COALESCE(a.amount, 0) <> COALESCE(b.amount, 0) OR COALESCE(a.base, 0) <> COALESCE(b.base, 0) "
            f"OR COALESCE(a.n, 0) <> COALESCE(b.n, 0) LIMIT {int(limit)}"
        )
        await execute("DROP TABLE figure_shadow")
    return [
        CellDifference(
            tuple(str(row[name]) for name in columns),
            (int(row["kept_amount"]), int(row["kept_base"]), int(row["kept_n"])),
            (int(row["made_amount"]), int(row["made_base"]), int(row["made_n"])),
        )
        for row in rows
    ]
