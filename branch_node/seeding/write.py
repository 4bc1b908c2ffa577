"""Rows as plain dictionaries, and the bulk insert that writes them: an ORM object per row would cost more than
all the rest of a seed. The capture triggers of the branch see these rows like any others.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from random import Random
from typing import Any
from uuid import UUID

from tortoise import fields

from shared.canonical import canonical_json
from shared.database import transaction
from shared.database.fields import InstantField, JsonField
from shared.demo_company import seeded_id
from shared.records import Record
from shared.replication.columns import table_of

Row = dict[str, Any]

ROWS_AT_ONCE = 1_000
"""Rows of one transaction: a sender can cut batches between them, and nobody waits long for the writer."""


@dataclass(frozen=True)
class Shape:
    """How rows of a model are made and stored: defaults by attribute, then column names and types in one order."""

    table: str
    defaults: Mapping[str, Any]
    attributes: tuple[str, ...]
    columns: tuple[str, ...]
    postgres_types: tuple[str, ...]
    instants: frozenset[str]


@cache
def shape_of(model: type[Record]) -> Shape:
    """The shape of a record; instants are microseconds, JSON is canonical text, as in the database."""
    meta = model._meta
    attributes = tuple(meta.fields_db_projection)
    types = {column.name: column.postgres_type for column in table_of(model).columns}
    columns = tuple(meta.fields_db_projection[name] for name in attributes)
    return Shape(
        table=meta.db_table,
        defaults={name: _default(meta.fields_map[name]) for name in attributes},
        attributes=attributes,
        columns=columns,
        postgres_types=tuple(types.get(name, "bigint" if name == "ver" else "text") for name in columns),
        instants=frozenset(name for name in attributes if isinstance(meta.fields_map[name], InstantField)),
    )


def _default(field: fields.Field[Any]) -> Any:
    default = field.default
    if isinstance(field, JsonField):
        return canonical_json(default() if callable(default) else default)
    return None if callable(default) else default


class Rows:
    """The rows of one seed, by model in the order of first use; changeable until they are written."""

    def __init__(self, branch: str, dice: Random) -> None:
        self.branch = branch
        self.dice = dice
        self.by_model: dict[type[Record], list[Row]] = {}

    def add(self, model: type[Record], at: int, by: UUID | None = None, **values: Any) -> Row:
        """A new row born at `at` (microseconds UTC) in the name of employee `by`; its id says so too.

        Raises TypeError for a column that the model does not have.
        """
        shape = shape_of(model)
        row = {
            **shape.defaults,
            "id": seeded_id(at // 1_000, self.dice),
            "branch": self.branch,
            "recorded_at": at,
        }
        row["recorded_by"] = by
        size = len(row)
        row.update(values)
        if len(row) != size:
            raise TypeError(f"{model.__name__} has no {sorted(values.keys() - shape.defaults.keys())}")
        self.by_model.setdefault(model, []).append(row)
        return row

    def of(self, model: type[Record]) -> list[Row]:
        """The rows of a model so far, empty when there are none."""
        return self.by_model.get(model, [])

    def counts(self) -> dict[str, int]:
        """Rows by table name."""
        return {shape_of(model).table: len(rows) for model, rows in self.by_model.items()}

    async def write(self, progress: Callable[[int], None] = lambda written: None) -> int:
        """Insert everything, each ROWS_AT_ONCE rows in a transaction of their own; how many there were.

        Not all or nothing: an interrupted run leaves what it had committed.
        """
        written = 0
        for pieces in packets(self.by_model):
            async with transaction() as client:
                for model, rows in pieces:
                    await insert(client, shape_of(model), rows)
                    written += len(rows)
            progress(written)
        return written


def packets(
    by_model: Mapping[type[Record], Sequence[Row]],
) -> Iterator[list[tuple[type[Record], Sequence[Row]]]]:
    """The rows in order, cut into transactions of at most ROWS_AT_ONCE rows."""
    packet: list[tuple[type[Record], Sequence[Row]]] = []
    room = ROWS_AT_ONCE
    for model, rows in by_model.items():
        start = 0
        while start < len(rows):
            piece = rows[start : start + room]
            packet.append((model, piece))
            start += len(piece)
            room -= len(piece)
            if room == 0:
                yield packet
                packet, room = [], ROWS_AT_ONCE
    if packet:
        yield packet


async def insert(client: Any, shape: Shape, rows: Sequence[Row]) -> None:
    """One bulk insert on the given connection: prepared rows on SQLite, one statement for all on PostgreSQL
    (its statement triggers then run once)."""
    names = ", ".join(f'"{column}"' for column in shape.columns)
    if client.capabilities.dialect == "sqlite":
        places = ", ".join("?" * len(shape.columns))
        values = [[_sqlite(row[name]) for name in shape.attributes] for row in rows]
        await client.execute_many(f'INSERT INTO "{shape.table}" ({names}) VALUES ({places})', values)
        return
    typed = ", ".join(
        f'"{column}" {kind}' for column, kind in zip(shape.columns, shape.postgres_types, strict=True)
    )
    pairs = tuple(zip(shape.columns, shape.attributes, strict=True))
    text = json.dumps([{column: row[name] for column, name in pairs} for row in rows], default=str)
    await client.execute_query(
        f'INSERT INTO "{shape.table}" ({names}) SELECT {names} FROM json_to_recordset($1::json) AS given ({typed})',
        [text],
    )


def _sqlite(value: Any) -> Any:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    return value
