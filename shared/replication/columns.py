"""The columns of a replicated table that travel, and the SQL that writes a row in canonical form.

Canonical form: compact JSON, keys in alphabetical order, the same bytes from SQLite and PostgreSQL. It holds
because replicated columns are only text, integers, booleans, dates and UUIDs. Columns that a later schema version added
(shared/records/versions.py) stand behind the others, and only where they hold something.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import msgspec
from tortoise import fields

from shared.records import RECEIVER_ONLY, REPLICATED, Record
from shared.records.versions import Missing, added_columns


@dataclass(frozen=True)
class Column:
    """A travelling column: its name in the database and its kind (text, integer, boolean, date, uuid). One `is_added` by a
    later schema version is left out of a row in which it is `missing`."""

    name: str
    kind: str
    postgres_type: str
    may_be_null: bool = True
    is_added: bool = False
    missing: Missing = None

    @property
    def is_quoted(self) -> bool:
        """Whether its values stand in quotation marks."""
        return self.kind not in ("integer", "boolean")

    def missing_sql(self, dialect: str) -> str:
        """What its absence means, as SQL."""
        if self.missing is None:
            return "NULL"
        if isinstance(self.missing, bool) and dialect == "sqlite":
            return str(int(self.missing))
        return "''" if self.missing == "" else str(self.missing).lower()


@dataclass(frozen=True)
class Table:
    """A replicated table with its travelling columns in canonical order: alphabetical, added ones behind."""

    name: str
    columns: tuple[Column, ...]

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(column.name for column in self.columns)

    @property
    def first(self) -> tuple[Column, ...]:
        """The columns of version 1."""
        return tuple(column for column in self.columns if not column.is_added)

    def canonical_sql(self, row: str, dialect: str) -> str:
        """An SQL expression: the canonical JSON text of `row` (an alias, NEW or OLD)."""
        if dialect == "sqlite":
            parts = ", ".join(f"'{column.name}', {_sqlite_value(row, column)}" for column in self.first)
            return self.with_added(f"json_object({parts})", row, dialect)
        picked = ", ".join(f'{row}."{column.name}"' for column in self.first)
        return self.with_added(
            f"(SELECT row_to_json(picked)::text FROM (SELECT {picked}) picked)", row, dialect
        )

    def with_added(self, first: str, row: str, dialect: str) -> str:
        """The JSON text of the first columns (no value of it is an object) and behind them what was added and is there."""
        added = [_added_sql(row, column, dialect) for column in self.columns if column.is_added]
        return f"(rtrim({first}, '}}') || {' || '.join(added)} || '}}')" if added else first

    def read_sql(self, dialect: str) -> str:
        """The columns of a row that was read from canonical JSON by the database; what it did not name is `missing`."""
        return ", ".join(
            f'COALESCE("{column.name}", {column.missing_sql(dialect)})'
            if column.is_added
            else f'"{column.name}"'
            for column in self.columns
        )

    def held_sql(self, row: str, dialect: str) -> str:
        """The canonical JSON of a received row: the whole row as it came where it has columns that this release does not know."""
        return f"COALESCE({row}.ext, {self.canonical_sql(row, dialect)})"

    def scan_sql(self, row: str, dialect: str) -> str:
        """The same as `held_sql` for reading many: bytes on SQLite, and on PostgreSQL an expression that the server works out
        half as fast again."""
        if dialect == "sqlite":
            return f"CAST({self.held_sql(row, dialect)} AS BLOB)"
        parts = " || ',' || ".join(
            f"'\"{column.name}\":' || {_postgres_value(row, column)}" for column in self.first
        )
        added = "".join(
            f" || {_added_sql(row, column, dialect)}" for column in self.columns if column.is_added
        )
        return f"COALESCE({row}.ext, '{{' || {parts}{added} || '}}')"

    def copied_sql(self, row: str) -> str:
        """PostgreSQL: the canonical row as columns for COPY, which puts nothing together and is a third quicker than `scan_sql`: constants
        and values in turn, QUOTE for every quotation mark of the row's own. `scan.canonical_lines` makes the rows of it."""
        parts: list[str] = []
        before = "{"
        for column in self.first:
            before += f"{QUOTE}{column.name}{QUOTE}:"
            if (
                column.is_quoted and not column.may_be_null
            ):  # its quotes are part of the constants: nothing is put together
                parts += [f"'{before}{QUOTE}'", f'{row}."{column.name}"']
                before = f"{QUOTE},"
            else:
                parts += [f"'{before}'", _copied_value(row, column)]
                before = ","
        end = before.removesuffix(",")
        added = [_copied_added(row, column) for column in self.columns if column.is_added]
        return ", ".join(
            [*parts, *([f"'{end}'"] if end and added else []), *added, f"'{'' if added else end}}}'"]
        )


QUOTE = "\x02"
"""Stands for a quotation mark of the row's own, so that one inside a text can be told from it."""


def _copied_value(row: str, column: Column) -> str:
    value = f'{row}."{column.name}"'
    if column.is_quoted:
        return f"'{QUOTE}' || {value}::text || '{QUOTE}'"
    return value if column.kind == "integer" else f"{value}::text"


def _copied_added(row: str, column: Column) -> str:
    is_missing = f'{row}."{column.name}" IS NOT DISTINCT FROM {column.missing_sql("postgres")}'
    value = f"',{QUOTE}{column.name}{QUOTE}:' || COALESCE(({_copied_value(row, column)})::text, 'null')"
    return f"CASE WHEN {is_missing} THEN '' ELSE {value} END"


def _added_sql(row: str, column: Column, dialect: str) -> str:
    """A column that a later version added, with its comma; nothing while it is missing."""
    if dialect == "postgres":
        is_missing, value = "IS NOT DISTINCT FROM", _postgres_value(row, column)
    else:
        is_missing = "IS"
        value = _sqlite_value(row, column)
        value = value if column.kind == "boolean" else f"json_quote({value})"
    return (
        f"CASE WHEN {row}.\"{column.name}\" {is_missing} {column.missing_sql(dialect)} THEN '' "
        f"ELSE ',\"{column.name}\":' || {value} END"
    )


def _postgres_value(row: str, column: Column) -> str:
    value = f'{row}."{column.name}"'
    if column.kind in ("integer", "boolean"):
        return f"COALESCE({value}::text, 'null')"
    if column.kind in ("uuid", "date"):
        return f"COALESCE('\"' || {value}::text || '\"', 'null')"
    # to_json costs more than all other kinds; many texts are empty or missing.
    return (
        f"CASE WHEN {value} IS NULL THEN 'null' WHEN {value} = '' THEN '\"\"' ELSE to_json({value})::text END"
    )


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


def _column(name: str, field: fields.Field, added: Mapping[str, Missing]) -> Column:  # type: ignore[type-arg]
    more = field.null, name in added, added.get(name)
    for kind_of, kind, postgres_type in _KINDS:
        if isinstance(field, kind_of):
            return Column(name, kind, postgres_type, *more)
    return Column(name, "text", "text", *more)


def table_of(model: type[Record]) -> Table:
    """The travelling shape of a record."""
    meta = model._meta
    added = added_columns(meta.db_table)
    places = list(added)
    columns = [
        _column(meta.fields_db_projection[attribute], meta.fields_map[attribute], added)
        for attribute in meta.fields_db_projection
        if attribute not in RECEIVER_ONLY
    ]

    def place(column: Column) -> tuple[int, str]:
        return (places.index(column.name) + 1 if column.is_added else 0), column.name

    return Table(meta.db_table, tuple(sorted(columns, key=place)))


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
    and when it is `strict` for columns that this release does not know. A column that a later version added may be missing.
    """
    members: list[Any] = [
        (
            column.name,
            _PYTHON_TYPES.get(column.kind, str) | None,
            *([column.missing] if column.is_added else ()),
        )
        for column in table.columns
    ]
    row = msgspec.defstruct(f"Row_{table.name}", members, forbid_unknown_fields=strict)
    return msgspec.json.Decoder(row).decode, msgspec.structs.astuple
