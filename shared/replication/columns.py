"""The columns of a replicated table that travel, and the SQL that writes a row in canonical form.

Canonical form: compact JSON, keys in alphabetical order, the same bytes from SQLite and PostgreSQL. It holds
because replicated columns are only text, integers, booleans, dates and UUIDs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from tortoise import fields

from shared.records import RECEIVER_ONLY, REPLICATED, Record


@dataclass(frozen=True)
class Column:
    """A travelling column: its name in the database and its kind (text, integer, boolean, date, uuid)."""

    name: str
    kind: str
    postgres_type: str


@dataclass(frozen=True)
class Table:
    """A replicated table with its travelling columns in canonical (alphabetical) order."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    def canonical_sql(self, row: str, dialect: str) -> str:
        """An SQL expression: the canonical JSON text of `row` (an alias, NEW or OLD)."""
        if dialect == "sqlite":
            parts = ", ".join(f"'{column.name}', {_sqlite_value(row, column)}" for column in self.columns)
            return f"json_object({parts})"
        picked = ", ".join(f'{row}."{column.name}"' for column in self.columns)
        return f"(SELECT row_to_json(picked)::text FROM (SELECT {picked}) picked)"

    def held_sql(self, row: str, dialect: str) -> str:
        """The canonical JSON of a received row: the whole row as it came where it has columns that this release does not know."""
        return f"COALESCE({row}.ext, {self.canonical_sql(row, dialect)})"

    def scan_sql(self, row: str, dialect: str) -> str:
        """The same as `held_sql` for reading many: bytes on SQLite, and on PostgreSQL an expression that the server works out
        half as fast again."""
        if dialect == "sqlite":
            return f"CAST({self.held_sql(row, dialect)} AS BLOB)"
        parts = " || ',' || ".join(
            f"'\"{column.name}\":' || {_postgres_value(row, column)}" for column in self.columns
        )
        return f"COALESCE({row}.ext, '{{' || {parts} || '}}')"


def _postgres_value(row: str, column: Column) -> str:
    value = f'{row}."{column.name}"'
    if column.kind in ("integer", "boolean"):
        return f"COALESCE({value}::text, 'null')"
    if column.kind in ("uuid", "date"):
        return f"COALESCE('\"' || {value}::text || '\"', 'null')"
    return f"COALESCE(to_json({value})::text, 'null')"


def _sqlite_value(row: str, column: Column) -> str:
    value = f'{row}."{column.name}"'
    if column.kind == "boolean":
        return f"json(CASE {value} WHEN 1 THEN 'true' WHEN 0 THEN 'false' ELSE 'null' END)"
    return value


_KINDS: tuple[tuple[type, str, str], ...] = (
    (fields.BooleanField, "boolean", "boolean"),
    (fields.UUIDField, "uuid", "uuid"),
    (fields.DateField, "date", "date"),
    (fields.BigIntField, "integer", "bigint"),
    (fields.IntField, "integer", "integer"),
)


def _column(name: str, field: fields.Field) -> Column:  # type: ignore[type-arg]
    for kind_of, kind, postgres_type in _KINDS:
        if isinstance(field, kind_of):
            return Column(name, kind, postgres_type)
    return Column(name, "text", "text")


def table_of(model: type[Record]) -> Table:
    """The travelling shape of a record."""
    meta = model._meta
    columns = [
        _column(meta.fields_db_projection[attribute], meta.fields_map[attribute])
        for attribute in meta.fields_db_projection
        if attribute not in RECEIVER_ONLY
    ]
    return Table(meta.db_table, tuple(sorted(columns, key=lambda column: column.name)))


@lru_cache(maxsize=1)
def replicated_tables() -> dict[str, Table]:
    """All replicated tables by name, in the order of `REPLICATED`."""
    tables = [table_of(model) for model in REPLICATED]
    return {table.name: table for table in tables}


_PYTHON_TYPES = {"boolean": bool, "integer": int}


@lru_cache(maxsize=256)
def row_reader(
    table: Table, strict: bool = False
) -> tuple[Callable[[bytes], Any], Callable[[Any], tuple[Any, ...]]]:
    """Two functions: canonical bytes to a typed row, and that row to its values in column order.

    Decoding raises msgspec.ValidationError (a ValueError) when a column is missing or of another kind,
    and when it is `strict` for columns that this release does not know.
    """
    members = [
        (name, _PYTHON_TYPES.get(kind, str) | None)
        for name, kind in ((c.name, c.kind) for c in table.columns)
    ]
    row = msgspec.defstruct(f"Row_{table.name}", members, forbid_unknown_fields=strict)
    return msgspec.json.Decoder(row).decode, msgspec.structs.astuple
