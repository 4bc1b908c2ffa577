"""Sums that are kept until a row they were made from changes: a page of figures costs its sums once per change, not per view.

The change log says what happened since an answer was made; so it is right whoever wrote, in whichever process. Answers
are kept in memory, a bounded number of bounded size, per database.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from tortoise.backends.base.client import TransactionalDBClient
from tortoise.context import require_context

from branch_node.home import home
from shared.database import fetch_all, fetch_one
from shared.database.access import connection

MOST_ANSWERS, MOST_ROWS = 128, 200
MOST_CHANGES = 2_000
"""After so many changes an answer is made anew without looking at them."""

Rows = list[dict[str, Any]]

MONEY_TABLES = ("sales_order", "receivable", "receipt", "allocation", "adjustment", "expense", "customer")


@dataclass
class Shelf:
    """The answers kept for one database, the longest unused first: position of the log and rows."""

    answers: OrderedDict[Any, tuple[int, Rows]] = field(default_factory=OrderedDict)
    making: dict[Any, asyncio.Lock] = field(default_factory=dict)

    def keep(self, key: Any, position: int, rows: Rows) -> None:
        self.answers[key] = (position, rows)
        self.answers.move_to_end(key)
        while len(self.answers) > MOST_ANSWERS:
            self.answers.popitem(last=False)


_shelves: WeakKeyDictionary[Any, Shelf] = WeakKeyDictionary()

POSITION_SQL = f"""
SELECT coalesce((SELECT max(seq) FROM change), 0) AS last,
  coalesce((SELECT pruned_seq FROM replication_state WHERE id = 1), 0) AS pruned,
  (SELECT 1 FROM change WHERE seq > :position AND seq <= :position + {MOST_CHANGES} AND tbl IN :tables LIMIT 1) AS touched"""


async def kept_rows(tables: Collection[str], sql: str, **params: Any) -> Rows:
    """The rows of a SELECT over these replicated tables, made anew only after one of their rows changed.

    Answers of more than MOST_ROWS rows are not kept. Inside a transaction nothing is: it may see what nobody else
    does. Who asks while the same answer is being made waits for it. Callers must not change the rows.
    """
    if isinstance(connection(), TransactionalDBClient):
        return await fetch_all(sql, **params)
    shelf = _shelves.setdefault(require_context().connections, Shelf())
    key = (home().code, sql, _frozen(params))
    lock = shelf.making.setdefault(key, asyncio.Lock())
    try:
        async with lock:
            return await _answer(shelf, key, tables, sql, params)
    finally:
        if not lock.locked():
            shelf.making.pop(key, None)


def _frozen(params: Mapping[str, Any]) -> tuple[tuple[str, Any], ...]:
    return tuple(
        (name, tuple(value) if isinstance(value, (list, set, frozenset)) else value)
        for name, value in sorted(params.items())
    )


async def _answer(
    shelf: Shelf, key: Any, tables: Collection[str], sql: str, params: Mapping[str, Any]
) -> Rows:
    """The position is read before the rows: what comes between them makes the answer newer than it says, never older."""
    position, rows = shelf.answers.get(key, (-1, []))
    found = await fetch_one(POSITION_SQL, position=position, tables=list(tables))
    assert found is not None
    last = int(found["last"])
    if position == last or (position >= 0 and _is_untouched(position, last, found)):
        shelf.keep(key, last, rows)
        return rows
    rows = await fetch_all(sql, **params)
    if len(rows) <= MOST_ROWS:
        shelf.keep(key, last, rows)
    return rows


def _is_untouched(position: int, last: int, found: Mapping[str, Any]) -> bool:
    """Whether no row of the tables changed after `position`; no, when the log is too long or does not say."""
    is_told = int(found["pruned"]) <= position < last <= position + MOST_CHANGES
    return is_told and found["touched"] is None
