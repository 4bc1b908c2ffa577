"""Rows as plain dictionaries, read and written in batches: one statement for a thousand rows on either engine."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from tortoise.models import Model

from branch_node.home import home
from branch_node.imports.models import ImportedRow
from branch_node.lists import as_kind
from branch_node.seeding.write import insert, shape_of
from shared import clock
from shared.canonical import canonical_json, to_micros
from shared.database import actor, engine, execute, fetch_all
from shared.database.access import connection
from shared.ids import new_id
from shared.records import (
    Activity,
    Address,
    Allocation,
    Branch,
    Contact,
    ContactPoint,
    Customer,
    Department,
    Employee,
    ExecutionStep,
    Expense,
    Order,
    OrderLine,
    OrderShare,
    Product,
    Receipt,
    Receivable,
    Record,
)

MODELS: Mapping[str, type[Record]] = {
    "branch": Branch, "department": Department, "employee": Employee, "product": Product, "customer": Customer,
    "contact": Contact, "address": Address, "activity": Activity, "order": Order, "receipt": Receipt,
    "expense": Expense, "contact_point": ContactPoint, "receivable": Receivable, "allocation": Allocation,
    "order_line": OrderLine, "order_share": OrderShare, "execution_step": ExecutionStep,
}  # fmt: skip
"""Records of mappings, and rows that come with them, by the name the ledger knows them by."""


def new_row(model: type[Record], at: int, **values: Any) -> dict[str, Any]:
    """A row of `model` with its defaults, born here at `at` (microseconds UTC) in the actor's name.

    TypeError for a column that the model does not have.
    """
    defaults = shape_of(model).defaults
    row = {
        **defaults,
        "id": new_id(),
        "branch": home().code,
        "recorded_at": at,
        "recorded_by": actor(),
        **values,
    }
    if len(row) != len(defaults):
        raise TypeError(f"{model.__name__} has no {sorted(row.keys() - defaults.keys())}")
    return row


def now_micros() -> int:
    """The present instant as stored."""
    return to_micros(clock.now())


@dataclass
class Change:
    """An update of a row: attributes with their values before and after. `bumps` makes it a new revision."""

    record: str
    row_id: UUID
    before: dict[str, Any]
    after: dict[str, Any]
    bumps: bool = True


@dataclass
class Writes:
    """What a batch writes: new rows by model, changes, and what the ledger remembers of it."""

    rows: dict[type[Model], list[dict[str, Any]]] = field(default_factory=dict)
    changes: list[Change] = field(default_factory=list)
    ledger: list[dict[str, Any]] = field(default_factory=list)

    def add(self, model: type[Model], row: dict[str, Any]) -> None:
        self.rows.setdefault(model, []).append(row)

    async def write(self) -> None:
        """Write everything inside the caller's transaction."""
        for model, rows in self.rows.items():
            await insert_rows(model, rows)
        for change in self.changes:
            await apply(change)
        await insert_rows(ImportedRow, self.ledger)


async def insert_rows(model: type[Model], rows: Sequence[dict[str, Any]]) -> None:
    """One bulk insert inside the caller's transaction.

    Without a transaction of its own: inside a savepoint SQLite keeps the pages that each run of the capture triggers
    touches, and a batch would take ten times as long.
    """
    if rows:
        await insert(connection(), shape_of(model), rows)


async def apply(change: Change) -> None:
    """Write one change."""
    shape = shape_of(MODELS[change.record])
    columns = dict(zip(shape.attributes, shape.columns, strict=True))
    parts = [f'"{columns[name]}" = :{name}' for name in change.after]
    params: dict[str, Any] = dict(change.after)
    if change.bumps:
        parts.append("revision = revision + 1, changed_at = :change_now, changed_by = :change_actor")
        params |= {"change_now": clock.now(), "change_actor": actor()}
    await execute(
        f'UPDATE "{shape.table}" SET {", ".join(parts)} WHERE id = :row_id', row_id=change.row_id, **params
    )


async def current_rows(record: str, ids: Iterable[UUID], names: Sequence[str]) -> dict[UUID, dict[str, Any]]:
    """The present values of rows by id, as `comparable` makes them; a row that is gone is absent."""
    shape = shape_of(MODELS[record])
    columns = dict(zip(shape.attributes, shape.columns, strict=True))
    picked = ", ".join(
        f'"{columns[name]}" AS "{name}"' for name in dict.fromkeys(("id", "revision", "deleted_at", *names))
    )
    found: dict[UUID, dict[str, Any]] = {}
    wanted = set(ids)
    if not wanted:
        return found
    sql = f'SELECT {picked} FROM "{shape.table}" WHERE id {among("ids", are_ids=True)}'
    for row in await fetch_all(sql, ids=listed(wanted)):
        found[as_kind(row["id"], UUID)] = {name: comparable(value) for name, value in row.items()}
    return found


def custom_over(stored: str | None, custom: Mapping[str, Any]) -> str:
    """The JSON of a record's own fields after a file gave these; what it says nothing of stays."""
    return canonical_json({**json.loads(stored or "{}"), **custom})


def comparable(value: Any) -> Any:
    """A value in the one form in which both engines' and the file's values compare."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, (UUID, date)):
        return str(value)
    if isinstance(value, (dict, list)):
        return canonical_json(value)
    return value


def differing(current: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of the values that differ."""
    after = {name: value for name, value in wanted.items() if current.get(name) != comparable(value)}
    return {name: current.get(name) for name in after}, after


_BETWEEN = "\x1e"


def among(name: str, *, are_ids: bool = False) -> str:
    """`IN` over a list given as the one parameter `name`, made by `listed`: a thousand parameters would be parsed and
    planned anew for each batch."""
    if engine() == "sqlite":
        return f"IN (SELECT value FROM json_each(:{name}))"
    array = f"string_to_array(:{name}, chr({ord(_BETWEEN)}))"
    return f"= ANY(CAST({array} AS uuid[]))" if are_ids else f"= ANY({array})"


def listed(values: Iterable[Any]) -> str:
    """Values as the parameter of `among`."""
    if engine() == "sqlite":
        return json.dumps([str(value) for value in values], ensure_ascii=False)
    return _BETWEEN.join(str(value) for value in values)


async def refresh_statistics(tables: Iterable[str]) -> None:
    """Let PostgreSQL see how large tables have become: plans made when they were empty would scan them for each
    batch. Does nothing on SQLite."""
    if engine() == "postgres":
        await connection().execute_script(f"ANALYZE {', '.join(sorted(tables))}")


def parts_of(values: Sequence[Any], size: int) -> list[Sequence[Any]]:
    """Values in pieces that fit into one statement."""
    return [values[start : start + size] for start in range(0, len(values), size)]
