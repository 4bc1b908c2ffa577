"""Reads the rows of a file piece by piece, by id, so that no piece is held longer than it is written."""

from collections.abc import AsyncIterator, Mapping
from typing import Any

from hq.exports.models import Export
from hq.exports.rules import LEDGERS, ROWS_MOST, Ledger
from hq.figures.lists import as_date
from shared.database import fetch_all, fetch_value
from shared.money import Money
from shared.seller_split import Split, split_text, splits_of

PIECE_ROWS = 2_000


def condition(row: Export, branches: frozenset[str] | None) -> tuple[str, dict[str, Any]]:
    """Which rows: within these branches, those days."""
    ledger, params = LEDGERS[row.kind], dict[str, Any]()
    where = "r.deleted_at IS NULL"
    if branches is not None:
        where, params["codes"] = f"{where} AND r.branch IN :codes", sorted(branches)
    if row.first_day is not None:
        where, params["first"] = f"{where} AND {ledger.day} >= :first", row.first_day
    if row.last_day is not None:
        where, params["last"] = f"{where} AND {ledger.day} <= :last", row.last_day
    return where, params


async def count_rows(row: Export, branches: frozenset[str] | None) -> int:
    """How many rows the file will have, ROWS_MOST at most."""
    where, params = condition(row, branches)
    table = LEDGERS[row.kind].source.partition(" LEFT JOIN")[0]
    found = await fetch_value(f"SELECT COUNT(*) AS n FROM {table} WHERE {where}", **params)
    return min(int(found or 0), ROWS_MOST)


async def pieces(row: Export, branches: frozenset[str] | None) -> AsyncIterator[list[dict[str, Any]]]:
    """The rows, two thousand at a time; each piece is read anew after the last id, none is skipped or comes twice."""
    ledger = LEDGERS[row.kind]
    where, params = condition(row, branches)
    chosen = ", ".join(f"{what} AS {key}" for key, _label, _kind, what in ledger.columns)
    sql = f"SELECT r.id AS row_id, {chosen} FROM {ledger.source} WHERE {where} AND r.id > :after ORDER BY r.id LIMIT {PIECE_ROWS}"
    after, count = "00000000-0000-0000-0000-000000000000", 0
    while count < ROWS_MOST:
        found = await fetch_all(sql, after=after, **params)
        if found:
            splits = await splits_of([one["row_id"] for one in found]) if row.kind == "orders" else {}
            yield [cells(one, ledger, splits) for one in found]
        if len(found) < PIECE_ROWS:
            return
        after, count = str(found[-1]["row_id"]), count + len(found)


def cells(row: Mapping[str, Any], ledger: Ledger, splits: Mapping[str, Split]) -> dict[str, Any]:
    """A row as the writers of files take it."""
    found: dict[str, Any] = {}
    for key, _label, kind, _what in ledger.columns:
        value = row[key]
        if kind == "money_plain":
            value = Money(int(value), str(row["currency"]))
        elif kind == "day":
            value = as_date(value)
        elif key == "split":
            value = split_text(splits.get(str(value), ()))
        found[key] = value
    return found
