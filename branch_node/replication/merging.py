"""Merges the branch's own rows with what headquarters holds of them, row by row, inside the caller's transaction.

Since the common position a row was changed by the branch, by headquarters' copy (writes that the restored database
forgot), or by both. The capture triggers write what is taken over into the log; what stays is issued again.
"""

from typing import Any, Literal

import msgspec

from branch_node.audit import note
from branch_node.home import home
from branch_node.numbers import catch_up_numbers
from branch_node.replication.models import ReplicationIncoming
from shared.database import engine, execute, execute_many, fetch_all
from shared.database.access import connection
from shared.records import SCHEMA_VERSION, DayClose, RowConflict
from shared.replication.columns import Table, replicated_tables, row_reader

PAGE = 500
Verdict = Literal["same", "take", "both"]


def verdict(ours: str | None, theirs: str | None, is_ours_changed: bool) -> Verdict:
    """What becomes of a row that headquarters changed: `ours` and `theirs` are canonical, None where it is deleted.

    same: issue ours again; take: only headquarters changed it; both: ours holds, a person chooses.
    """
    if ours == theirs:
        return "same"
    return "both" if is_ours_changed else "take"


async def ask_person(table: str, row_id: str, ours: str, theirs: str) -> bool:
    """Keep both versions for a person, empty where the row is deleted; ours holds meanwhile. False where that is asked already,
    as a merge may be repeated any number of times, and for the closes of days: they state what our rows say."""
    if table == DayClose._meta.db_table or await RowConflict.exists(tbl=table, row_id=row_id, theirs=theirs):
        return False
    here = home()
    await RowConflict.create(
        branch=here.code, happened_on=here.today, tbl=table, row_id=row_id, ours=ours, theirs=theirs
    )
    return True


class Merge:
    """One merge after `common`; the branch's log ends at `head`. `is_complete`: the log still has every change after
    `common`; otherwise every differing row counts as changed by the branch."""

    def __init__(self, common: int, head: int, *, is_complete: bool) -> None:
        self.common, self.head, self.is_complete = common, head, is_complete
        self.counts = {"taken": 0, "kept": 0, "conflicts": 0}

    async def run(self) -> None:
        """1 rows that headquarters changed  2 rows that we changed are issued again  3 numbers and a note of it."""
        for table in replicated_tables().values():
            await self._take_in(table)
        for table in replicated_tables().values():
            await self._issue_own(table)
        await catch_up_numbers()
        await note(None, "replication.rejoined", "", None, common=self.common, **self.counts)

    async def _take_in(self, table: Table) -> None:
        last = 0
        while True:
            page = await ReplicationIncoming.filter(tbl=table.name, id__gt=last).order_by("id").limit(PAGE)
            if not page:
                return
            last = page[-1].id
            ids = [row.row_id for row in page]
            ours, changed = await canonical_rows(table, ids), await self._changed(table, ids)
            taken: list[tuple[str, str | None]] = []
            kept: list[str] = []
            for row in page:
                theirs = row.row if row.op != "d" else None
                own = ours.get(row.row_id)
                judged = verdict(own, theirs, row.row_id in changed or not (self.is_complete or own is None))
                if judged == "take":
                    taken.append((row.row_id, theirs))
                    continue
                kept.append(row.row_id)
                if judged == "both":
                    self.counts["conflicts"] += await ask_person(
                        table.name, row.row_id, own or "", theirs or ""
                    )
            await put_rows(table, taken)
            await issue(table, kept)
            self.counts["taken"] += len(taken)

    async def _changed(self, table: Table, ids: list[str]) -> set[str]:
        """Which of these rows we changed since the common position."""
        rows = await fetch_all(
            "SELECT DISTINCT pk FROM change WHERE tbl = :tbl AND pk IN :ids AND seq > :common AND seq <= :head",
            tbl=table.name,
            ids=ids,
            common=self.common,
            head=self.head,
        )
        return {row["pk"] for row in rows}

    async def _issue_own(self, table: Table) -> None:
        """Every row that we changed since the common position, or all of them when the log no longer says which."""
        own = (
            "SELECT DISTINCT pk FROM change WHERE tbl = :tbl AND seq > :common AND seq <= :head"
            if self.is_complete
            else f'SELECT CAST(id AS VARCHAR(36)) AS pk FROM "{table.name}" WHERE branch = :branch '
            "UNION SELECT DISTINCT pk FROM change WHERE tbl = :tbl AND seq > :common AND seq <= :head"
        )
        last = ""
        while True:
            rows = await fetch_all(
                f"SELECT pk FROM ({own}) AS own WHERE pk > :last ORDER BY pk LIMIT {PAGE}",
                tbl=table.name,
                common=self.common,
                head=self.head,
                branch=home().code,
                last=last,
            )
            await issue(table, [row["pk"] for row in rows])
            self.counts["kept"] += len(rows)
            if len(rows) < PAGE:
                return
            last = rows[-1]["pk"]


def _id_is_in(table: Table) -> str:
    return "r.id IN :ids" if engine() == "sqlite" else "r.id::text IN :ids"


async def canonical_rows(table: Table, ids: list[str]) -> dict[str, str]:
    """The canonical form of the rows that exist, by id."""
    rows = await fetch_all(
        f"SELECT CAST(r.id AS VARCHAR(36)) AS id, {table.canonical_sql('r', engine())} AS row "
        f'FROM "{table.name}" r WHERE {_id_is_in(table)}',
        ids=ids,
    )
    return {row["id"]: row["row"] for row in rows}


async def put_rows(table: Table, rows: list[tuple[str, str | None]]) -> None:
    """Write rows as their canonical form says, delete those without one; the triggers capture it as any other write."""
    gone = [row_id for row_id, row in rows if row is None]
    if gone:
        await execute(f'DELETE FROM "{table.name}" AS r WHERE {_id_is_in(table)}', ids=gone)
    present = [row for _, row in rows if row is not None]
    if not present:
        return
    columns = ", ".join(f'"{name}"' for name in table.names)
    sets = ", ".join(f'"{name}" = excluded."{name}"' for name in table.names if name != "id")
    onto = f'INSERT INTO "{table.name}" ({columns}, "ver")'
    ending = f"ON CONFLICT (id) DO UPDATE SET {sets}"
    if engine() == "postgres":
        read = table.read_sql("postgres")
        await connection().execute_query(
            f'{onto} SELECT {read}, 0 FROM json_populate_recordset(NULL::"{table.name}", $1::json) {ending}',
            ["[" + ",".join(present) + "]"],
        )
        return
    decode, values = row_reader(table)
    places = ", ".join("?" for _ in table.names)
    await connection().execute_many(
        f"{onto} VALUES ({places}, 0) {ending}", [list(values(decode(row.encode()))) for row in present]
    )


async def issue(table: Table, ids: list[str]) -> None:
    """Write the present state of rows into the log once more, as if it had just been written: digests do not change."""
    if not ids:
        return
    present = await canonical_rows(table, ids)
    changes: list[dict[str, Any]] = [
        {"pk": row_id, "op": "u" if row_id in present else "d", "row": present.get(row_id)} for row_id in ids
    ]
    columns = "txid, tbl, pk, op, schema, row_after, row_before, at"
    if engine() == "postgres":
        await connection().execute_query(
            f"INSERT INTO change_pending ({columns}) SELECT txid_current(), $1, c.pk, c.op, {SCHEMA_VERSION}, c.row, c.row, "
            "(extract(epoch FROM clock_timestamp()) * 1000)::bigint "
            "FROM json_to_recordset($2::json) AS c(pk text, op text, row text)",
            [table.name, msgspec.json.encode(changes).decode()],
        )
        await execute("INSERT INTO change_open VALUES (txid_current()) ON CONFLICT DO NOTHING")
        return
    await execute_many(
        f"INSERT INTO change ({columns}) SELECT txid, :tbl, :pk, :op, {SCHEMA_VERSION}, :row, :row, "
        "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER) FROM change_head",
        [{"tbl": table.name, **one} for one in changes],
    )
