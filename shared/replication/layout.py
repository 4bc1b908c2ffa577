"""How the lines of a batch are laid out before compression: column by column, so that like stands beside like.

Called by the branch's sender (`lay_out`) and headquarters' receiver (`read_back`). The lines come back byte for byte, whatever they
hold: a row that has not the shape of its table's first row travels as it is. Why: the same rows take about half the bytes of lines
one below the other. PROTOCOL.md describes the bytes.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache
from itertools import accumulate, pairwise

LINES, COLUMNS = 0, 1
"""One change below the other, or column by column: what a batch's head says about it."""

WORTH_COLUMNS = 8
"""From how many lines on the columns save more than they cost."""

_VALUE, _COLUMN, _GROUP = b"\n", b"\x1e", b"\x1d"
_SAME_AS_ID, _STEPS, _SAME = b"=", b"+", b"!"
_PLACE = b"\x1f"
_LONG_NUMBER = 9
_FRONT_BYTES = 100
"""What a line may hold besides table, id and row; an upper estimate."""
_SAMPLES = 16
_WORTH_OWN_PATTERN = 256

_JSON_VALUE = rb'"[^"\\\n]*(?:\\.[^"\\\n]*)*"|[^",}\n]+'
_PAIR = re.compile(rb'[{,]"([^"\\\n]+)":(' + _JSON_VALUE + rb")")


class BadLayout(ValueError):
    """The bytes are no layout, or would grow beyond the limit."""


def write_layout(lines: Sequence[bytes]) -> tuple[int, bytes]:
    """Which layout, and the bytes: columns where they are worth it and possible, else one line below the other."""
    columns = lay_out(lines) if len(lines) >= WORTH_COLUMNS else None
    return (LINES, _VALUE.join(lines)) if columns is None else (COLUMNS, columns)


def read_layout(body: bytes, layout: int, count: int, limit: int) -> list[bytes]:
    """The lines that `write_layout` was given. Raises BadLayout."""
    if layout == COLUMNS:
        return read_back(body, count, limit)
    if layout != LINES:
        raise BadLayout(f"layout {layout} is not known here")
    return body.split(_VALUE) if body else []


def lay_out(lines: Sequence[bytes]) -> bytes | None:
    """The lines in columns; None when they cannot be (positions with a hole, separators inside a field)."""
    text = _VALUE.join(lines)
    if any(mark in text for mark in (_COLUMN, _GROUP, _PLACE)):
        return None
    try:
        seqs, txids, tables, ops, schemas, ats, pks, rows = zip(
            *[line.split(b"\t", 7) for line in lines], strict=True
        )
        first = int(seqs[0])
    except ValueError:
        return None
    if list(seqs) != [b"%d" % seq for seq in range(first, first + len(lines))]:
        return None
    try:
        numbers, blocks = _blocks(tables, pks, rows)
        common = [b"%d" % first, numbers, *map(_column, (ops, schemas, txids, ats))]
    except BadLayout:
        return None
    return _GROUP.join([_COLUMN.join(common), *blocks])


def _blocks(
    tables: Sequence[bytes], pks: Sequence[bytes], rows: Sequence[bytes]
) -> tuple[bytes, list[bytes]]:
    """A column that says for each line in which block its row is, and the blocks: per table one of columns, and one
    of the rows that do not fit into them (deletes have none)."""
    members: dict[bytes, list[int]] = {}
    for at, table in enumerate(tables):
        members.setdefault(table, []).append(at)
    numbers = [b""] * len(tables)
    blocks: list[bytes] = []
    for table, lines in members.items():
        keys, values, odd = _values([rows[at] for at in lines])
        is_odd = {lines[at] for at in odd}
        if even := [at for at in lines if at not in is_odd]:
            _number(numbers, even, len(blocks))
            blocks.append(_columns_block(table, keys, values, [pks[at] for at in even]))
        if is_odd:
            _number(numbers, sorted(is_odd), len(blocks))
            strange = [_VALUE.join([source[lines[at]] for at in odd]) for source in (pks, rows)]
            blocks.append(_COLUMN.join([table, *strange]))
    return _column(numbers), blocks


def _number(numbers: list[bytes], lines: Sequence[int], block: int) -> None:
    name = b"%d" % block
    for at in lines:
        numbers[at] = name


def _columns_block(
    table: bytes, keys: Sequence[bytes], values: list[Sequence[bytes]], pks: list[bytes]
) -> bytes:
    """Table and keys, ids, then one column per key. Ids that the rows hold themselves are not repeated."""
    named = list(values[keys.index(b"id")]) if b"id" in keys else []
    is_named = [b'"%b"' % pk for pk in pks] == named * (len(pks) // max(1, len(named)))
    ids = _SAME_AS_ID + b"%d" % len(pks) if is_named else _VALUE.join(pks)
    if not is_named and pks[0].startswith(_SAME_AS_ID):
        raise BadLayout("an id that looks like a mark")
    return _COLUMN.join([_VALUE.join((table, *keys)), ids, *map(_column, values)])


def _values(rows: list[bytes]) -> tuple[tuple[bytes, ...], list[Sequence[bytes]], list[int]]:
    """Keys and columns of the rows that have the shape of the first, and the numbers of those that have not.

    A column of one value stands for as many as there are rows.
    """
    model = next(filter(None, rows), b"")
    pairs = _PAIR.findall(model)
    keys = tuple(key for key, _ in pairs)
    if not keys or b"{" + b",".join([b'"%b":%b' % pair for pair in pairs]) + b"}" != model:
        return (), [], list(range(len(rows)))
    text = _VALUE.join(rows)
    fixed = _seemingly_fixed(rows, len(keys))
    found = _pattern(keys, fixed).findall(text) if None in fixed else []
    if len(found) != len(rows):
        fixed = (None,) * len(keys)
        found = _pattern(keys, fixed).findall(text)
    odd: list[int] = []
    if len(found) != len(rows):
        odd = [at for at, row in enumerate(rows) if _pattern(keys, fixed).fullmatch(row) is None]
    varying = iter([found] if fixed.count(None) == 1 else zip(*found, strict=True))
    return keys, [next(varying) if value is None else [value] for value in fixed], odd


def _seemingly_fixed(rows: list[bytes], width: int) -> tuple[bytes | None, ...]:
    """For each key the value that a sample of the rows share, or None. A pattern with them built in is several times quicker
    to match; a small group is not worth a pattern of its own."""
    anything = (None,) * width
    if len(rows) < _WORTH_OWN_PATTERN:
        return anything
    sample = [[value for _, value in _PAIR.findall(row)] for row in rows[:: len(rows) // _SAMPLES]]
    if any(len(found) != width for found in sample):
        return anything
    return tuple(column[0] if len(set(column)) == 1 else None for column in zip(*sample, strict=True))


@lru_cache(maxsize=256)
def _pattern(keys: tuple[bytes, ...], fixed: tuple[bytes | None, ...]) -> re.Pattern[bytes]:
    """A row of these keys on a line of its own, with a group for each value that is not fixed."""
    pairs = [
        re.escape(b'"%b":' % key) + (b"(" + _JSON_VALUE + b")" if value is None else re.escape(value))
        for key, value in zip(keys, fixed, strict=True)
    ]
    return re.compile(rb"^\{" + b",".join(pairs) + rb"\}$", re.MULTILINE)


def _column(values: Sequence[bytes]) -> bytes:
    """One value for all; a first number and the steps between long numbers; else every value."""
    if values.count(values[0]) == len(values):
        return _SAME + values[0]
    if values[0].startswith((_SAME, _STEPS)):
        raise BadLayout("a value that looks like a mark")
    if len(values[0]) >= _LONG_NUMBER and values[0].isdigit() and values[-1].isdigit():
        return _steps(values)
    return _VALUE.join(values)


def _steps(values: Sequence[bytes]) -> bytes:
    try:
        numbers = [int(value) for value in values]
    except ValueError:
        return _VALUE.join(values)
    if [b"%d" % number for number in numbers] != list(values):
        return _VALUE.join(values)
    steps = [after - before for before, after in pairwise(numbers)]
    return _STEPS + _VALUE.join([b"%d" % step for step in (numbers[0], *steps)])


def _read_column(column: bytes, count: int) -> Sequence[bytes]:
    """The `count` values of a column."""
    if column.startswith(_SAME):
        return [column[1:]] * count
    if not column.startswith(_STEPS):
        return column.split(_VALUE)
    return [b"%d" % number for number in accumulate(map(int, column[1:].split(_VALUE)))]


def read_back(body: bytes, count: int, limit: int) -> list[bytes]:
    """The `count` lines of a layout. Raises BadLayout when it is none or its lines would exceed `limit` bytes."""
    try:
        common, *blocks = body.split(_GROUP)
        first, *columns = common.split(_COLUMN)
        numbers, ops, schemas, txids, ats = [_read_column(column, count) for column in columns]
        budget = limit
        tables, rows = [], []
        for block in blocks:
            table, found, size = _read_block(block, budget)
            budget -= size
            tables.append(table)
            rows.append(found)
        order = [int(number) for number in numbers]
        seqs = range(int(first), int(first) + count)
        line = b"%d\t%b\t%b\t%b\t%b\t%b\t%b"
        lines = [
            line % (seq, txid, tables[block], op, schema, at, next(rows[block]))
            for seq, txid, block, op, schema, at in zip(seqs, txids, order, ops, schemas, ats, strict=True)
        ]
        if any(next(found, None) is not None for found in rows):
            raise BadLayout("rows that belong to no change")
    except (ValueError, TypeError, IndexError, StopIteration) as error:
        raise BadLayout(str(error)) from error
    return lines


def _read_block(block: bytes, budget: int) -> tuple[bytes, Iterator[bytes], int]:
    """Table of a block, per row `pk TAB row`, and how many bytes these are. Nothing is built beyond the budget."""
    names, ids, *columns = block.split(_COLUMN)
    table, *keys = names.split(_VALUE)
    if len(columns) != len(keys or [table]):
        raise BadLayout("not one column per key")
    if not keys:
        pairs = zip(ids.split(_VALUE), columns[0].split(_VALUE), strict=True)
        return table, map(b"%b\t%b".__mod__, pairs), len(block)
    if ids.startswith(_SAME_AS_ID):
        named = _read_column(columns[keys.index(b"id")], min(int(ids[1:]), budget // _FRONT_BYTES))
        pks = [value[1:-1] for value in named]
    else:
        pks = ids.split(_VALUE)
    parts = [
        b'"%b":' % key + (column[1:] if column.startswith(_SAME) else _PLACE)
        for key, column in zip(keys, columns, strict=True)
    ]
    template = b"%b\t{" + b",".join(parts).replace(b"%", b"%%").replace(_PLACE, b"%b") + b"}"
    size = len(block) + (len(template) + len(table) + _FRONT_BYTES) * len(pks)
    if size > budget:
        raise BadLayout("larger than headquarters accepts")
    varying = [_read_column(column, 1) for column in columns if not column.startswith(_SAME)]
    return table, map(template.__mod__, zip(pks, *varying, strict=True)), size
