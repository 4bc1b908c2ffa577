"""What earlier runs made of which row of a source, and what a key of the source means here."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.imports.models import ImportedRow
from branch_node.imports.tables import Change, among, comparable, listed
from branch_node.imports.vocabulary import RECORDS
from branch_node.lists import as_kind
from branch_node.seeding.write import shape_of
from shared.canonical import canonical_json
from shared.database import fetch_all
from shared.ids import new_id

FIND_SQL = (
    "SELECT external_key, file, row_id, action, revision, content FROM imported_row "
    "WHERE source = :source AND record = :record AND action <> 'effect' AND external_key {among} ORDER BY id"
)


@dataclass(frozen=True)
class Entry:
    """The latest that runs did to a key: which row it is, its revision then, what the file said then."""

    row_id: UUID
    action: str
    revision: int
    content: str


async def find(source: str, record: str, file: str, keys: Sequence[str]) -> dict[str, Entry]:
    """Entries by key. `content` is what this file said last, empty when only other files spoke of the key."""
    found: dict[str, Entry] = {}
    sql = FIND_SQL.format(among=among("keys"))
    for row in await fetch_all(sql, source=source, record=record, keys=listed(keys)):
        key = row["external_key"]
        earlier = found.get(key)
        content = row["content"] if row["file"] == file else (earlier.content if earlier else "")
        found[key] = Entry(as_kind(row["row_id"], UUID), row["action"], int(row["revision"]), content)
    return found


def entry_of(
    run_id: UUID,
    source: str,
    record: str,
    row_id: UUID,
    action: str,
    *,
    key: str = "",
    file: str = "",
    line: int = 0,
    revision: int = 1,
    content: str = "",
    change: Change | None = None,
) -> dict[str, Any]:
    """A row for the ledger."""
    changes = None
    if change is not None:
        before = {name: comparable(value) for name, value in change.before.items()}
        after = {name: comparable(value) for name, value in change.after.items()}
        changes = canonical_json({"before": before, "after": after})
    return {
        **shape_of(ImportedRow).defaults,
        "id": new_id(), "run_id": run_id, "source": source, "record": record, "external_key": key, "file": file,
        "line": line, "row_id": row_id, "action": action, "revision": revision, "content": content,
        "changes": changes,
    }  # fmt: skip


async def resolve(source: str, record: str, keys: Iterable[str]) -> dict[str, UUID]:
    """The rows that keys of the source mean: what a run made of them, else the row with that code or number here.

    Rows that were deleted are not found; a customer that was merged is the one it was merged into.
    """
    wanted = listed(sorted(set(keys)))
    table = RECORDS[record].table
    merged = "coalesce(t.merged_into_id, t.id)" if record == "customer" else "t.id"
    found: dict[str, UUID] = {}
    natural = RECORDS[record].natural
    if natural:
        rows = await fetch_all(
            f'SELECT t."{natural}" AS key, {merged} AS row_id FROM "{table}" t '
            f'WHERE t.branch = :branch AND t."{natural}" {among("keys")} AND t.deleted_at IS NULL ORDER BY t.id',
            branch=home().code,
            keys=wanted,
        )
        found.update((row["key"], as_kind(row["row_id"], UUID)) for row in rows)
    rows = await fetch_all(
        f'SELECT i.external_key AS key, {merged} AS row_id FROM imported_row i JOIN "{table}" t ON t.id = i.row_id '
        f"WHERE i.source = :source AND i.record = :record AND i.external_key {among('keys')} "
        "AND i.action <> 'effect' AND t.deleted_at IS NULL ORDER BY i.id",
        source=source,
        record=record,
        keys=wanted,
    )
    found.update((row["key"], as_kind(row["row_id"], UUID)) for row in rows)
    return found
