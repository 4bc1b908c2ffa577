"""Lists page by page: an opaque cursor remembers the last row (keyset), so that page 1,000 costs what page 1 does.

A list's query asks `Paging.sql` for its WHERE and ORDER BY, fetches one row more than a page holds, and gives
the rows to `Paging.cut`. `neighbours` turns the cut into the addresses of the next and previous page,
`capped_count` counts without walking the whole table.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Generic, TypeVar
from uuid import UUID

from shared.database import fetch_value
from shared.errors import Invalid
from shared.i18n import N_
from shared.web.parts import Count
from shared.web.templating import with_query

T = TypeVar("T")

PAGE_SIZES = (50, 100)
COUNT_CAP = 1_000


@dataclass(frozen=True)
class Sort:
    """An order of a list: an SQL expression that is never null, and the Python type of its values.

    For a date that may be missing: "coalesce(due_on, :latest)" or ":earliest"; `Paging.sql` gives both.
    """

    expression: str
    kind: type = str


@dataclass(frozen=True)
class Cursor:
    """Where a page begins: after (or, going back, before) the row with this value and id."""

    value: Any
    id: UUID
    is_back: bool = False

    def text(self) -> str:
        """The cursor for an address; `read_cursor` reads it."""
        value = self.value.isoformat() if isinstance(self.value, date) else self.value
        packed = json.dumps([value, str(self.id)], ensure_ascii=False)
        return urlsafe_b64encode(packed.encode()).decode().rstrip("=")


@dataclass(frozen=True)
class Cut(Generic[T]):
    """One page: its rows, and the cursors of its neighbours (empty: there is none)."""

    rows: Sequence[T]
    next: str = ""
    previous: str = ""


@dataclass(frozen=True)
class Paging:
    """What page of a list is wanted. `sorted_by` is a key of the list's sorts, "-name" is descending."""

    sorted_by: str
    sorts: Mapping[str, Sort]
    cursor: Cursor | None = None
    size: int = PAGE_SIZES[0]

    @property
    def sort(self) -> Sort:
        return self.sorts[self.sorted_by.lstrip("-")]

    @property
    def is_descending(self) -> bool:
        return self.sorted_by.startswith("-")

    def sql(self, id_column: str) -> tuple[str, str, dict[str, Any]]:
        """A condition in brackets, the ORDER BY with LIMIT (one row more than the page), and the parameters."""
        is_back = self.cursor is not None and self.cursor.is_back
        down = self.is_descending != is_back
        word, sign = ("DESC", "<") if down else ("ASC", ">")
        column = self.sort.expression
        order = f"ORDER BY {column} {word}, {id_column} {word} LIMIT {self.size + 1}"
        bounds = {"earliest": date(1, 1, 1), "latest": date(9999, 12, 31)}
        if self.cursor is None:
            return "(1 = 1)", order, bounds
        where = (
            f"({column} {sign} :cursor_value OR ({column} = :cursor_value AND {id_column} {sign} :cursor_id))"
        )
        return where, order, {**bounds, "cursor_value": self.cursor.value, "cursor_id": self.cursor.id}

    def cut(self, rows: Sequence[Mapping[str, Any]]) -> Cut[Mapping[str, Any]]:
        """The page from rows that hold `id` and `sort_value`, fetched in the order of `sql`."""
        has_more = len(rows) > self.size
        kept = list(rows[: self.size])
        is_back = self.cursor is not None and self.cursor.is_back
        if is_back:
            kept.reverse()
        if not kept:
            return Cut(())
        has_next = has_more or is_back
        has_previous = has_more if is_back else self.cursor is not None
        return Cut(
            kept,
            self._cursor_at(kept[-1]) if has_next else "",
            self._cursor_at(kept[0]) if has_previous else "",
        )

    def _cursor_at(self, row: Mapping[str, Any]) -> str:
        return Cursor(as_kind(row["sort_value"], self.sort.kind), as_kind(row["id"], UUID)).text()


def as_kind(value: Any, kind: type) -> Any:
    """A value from the database or a cursor in its Python type: SQLite gives dates and UUIDs as text."""
    if value is None or isinstance(value, kind):
        return value
    return date.fromisoformat(value) if kind is date else kind(value)


def paging(
    params: Mapping[str, str], sorts: Mapping[str, Sort], default: str, *, sizes: Sequence[int] = PAGE_SIZES
) -> Paging:
    """From ?sort=, ?after= or ?before= and ?size=; unknown sorts and sizes fall back. Invalid for a cursor that is none."""
    sorted_by = params.get("sort", "")
    if sorted_by.removeprefix("-") not in sorts:
        sorted_by = default
    size = params.get("size", "")
    wanted = next((one for one in sizes if str(one) == size), sizes[0])
    cursor = None
    if text := params.get("after") or params.get("before"):
        kind = sorts[sorted_by.removeprefix("-")].kind
        cursor = read_cursor(text, kind, is_back=not params.get("after"))
    return Paging(sorted_by, sorts, cursor, wanted)


def read_cursor(text: str, kind: type, *, is_back: bool = False) -> Cursor:
    """The cursor that `Cursor.text` wrote; Invalid otherwise (a link that was cut or belongs to another order)."""
    try:
        value, row_id = json.loads(urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        return Cursor(as_kind(value, kind), UUID(row_id), is_back)
    except (ValueError, TypeError, AttributeError):
        raise Invalid(N_("This page of the list cannot be found. Open the list from its start.")) from None


def neighbours(cut: Cut[Any]) -> tuple[str, str]:
    """The addresses of the next and the previous page, with the filters of the present one; "" where there is none."""
    following = with_query(after=cut.next, before=None) if cut.next else ""
    previous = with_query(before=cut.previous, after=None) if cut.previous else ""
    return following, previous


async def capped_count(rows_sql: str, *, is_exact: bool = False, **params: Any) -> Count:
    """How many rows `SELECT ... ` gives: exactly up to 1,000, beyond that "more than"; `is_exact` counts them all.

    `rows_sql` is a whole SELECT without ORDER BY. The link of the count asks the same page with ?count=exact.
    """
    limit = "" if is_exact else f" LIMIT {COUNT_CAP + 1}"
    number = int(await fetch_value(f"SELECT count(*) AS n FROM ({rows_sql}{limit}) AS counted", **params))
    if is_exact or number <= COUNT_CAP:
        return Count(number)
    return Count(COUNT_CAP, is_exact=False, exact_url=with_query(count="exact"))


def like(text: str) -> str:
    """A LIKE pattern for 'contains', with the wildcards in `text` taken literally (ESCAPE '!')."""
    escaped = text.replace("!", "!!").replace("%", "!%").replace("_", "!_")
    return f"%{escaped}%"
