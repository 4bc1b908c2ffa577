"""The chunk: rows of measurements of one node laid out in columns and packed. Pure.

A column becomes whole numbers (scaled by 10,000 where it has decimals, divided by their common divisor), then steps from
one to the next where that is smaller, then planes of bytes: all lowest bytes together, all second ones, ... so that what
hardly varies packs to nothing. A column that four decimals do not hold is kept as doubles, so nothing is ever rounded here.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise

import msgspec
import zstandard

DECIMALS = 10_000
_LEVEL = 12
_LARGEST = 2**53 // DECIMALS
_WIDTH = 8

Values = Sequence[float | None]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows in order of time. `at_us` is UTC microseconds; `late` says which rows came later than their time (replay);
    each column has as many values as there are rows, None where nothing was measured."""

    at_us: Sequence[int]
    late: Sequence[bool]
    columns: dict[str, Values]

    def __len__(self) -> int:
        return len(self.at_us)


class _Column(msgspec.Struct, array_like=True):
    """How a column is packed: mode ("w" whole numbers, "s" steps, "d" doubles, "n" nothing), bytes, factor, first value,
    scale, and the places that are None."""

    name: str
    mode: str
    size: int
    factor: int = 1
    first: int = 0
    scale: int = 1
    gaps: list[int] = []


class _Head(msgspec.Struct, array_like=True):
    count: int
    columns: list[_Column]


def pack(table: Table) -> bytes:
    """The chunk of a table; `unpack` gives the same values back."""
    whole: dict[str, Values] = {"": list(table.at_us), " late": [float(flag) for flag in table.late]}
    head, body = _Head(len(table), []), []
    for name, values in (*whole.items(), *table.columns.items()):
        column, content = _pack_column(name, values)
        head.columns.append(column)
        body.append(content)
    plain = msgspec.msgpack.encode(head)
    packed = len(plain).to_bytes(4, "little") + plain + b"".join(body)
    return zstandard.ZstdCompressor(level=_LEVEL).compress(packed)


def unpack(chunk: bytes, names: Collection[str] | None = None) -> Table:
    """The table of a chunk, with the named columns only (None: all). Raises ValueError for what is no chunk."""
    try:
        packed = zstandard.ZstdDecompressor().decompress(chunk)
        border = 4 + int.from_bytes(packed[:4], "little")
        head = msgspec.msgpack.decode(packed[4:border], type=_Head)
    except (zstandard.ZstdError, msgspec.DecodeError) as error:
        raise ValueError(f"not a chunk of samples: {error}") from error
    found: dict[str, list[float | None]] = {}
    for column in head.columns:
        if names is None or column.name in names or column.name in ("", " late"):
            found[column.name] = _unpack_column(column, packed[border : border + column.size], head.count)
        border += column.size
    at_us = [int(value or 0) for value in found.pop("")]
    late = [bool(value) for value in found.pop(" late")]
    return Table(at_us, late, dict(found))


def _pack_column(name: str, values: Values) -> tuple[_Column, bytes]:
    known = [value for value in values if value is not None]
    gaps = [] if len(known) == len(values) else [place for place, value in enumerate(values) if value is None]
    if not known:
        return _Column(name, "n", 0), b""
    numbers, scale = _whole_numbers(known, is_time=name == "")
    if numbers is None:
        content = array("d", known).tobytes()
        return _Column(name, "d", len(content), gaps=gaps), _planes(content)
    first = numbers[0]
    factor = math.gcd(*[number - first for number in numbers]) or 1
    level = [(number - first) // factor for number in numbers]
    steps = [later - earlier for earlier, later in pairwise(level)]
    is_stepped = sum(map(abs, steps)) < sum(map(abs, level))
    chosen = steps if is_stepped else level
    zigzag = array("q", [(number << 1) ^ (number >> 63) for number in chosen])
    content = _planes(zigzag.tobytes())
    mode = "s" if is_stepped else "w"
    return _Column(name, mode, len(content), factor, first, scale, gaps), content


def _whole_numbers(known: Sequence[float], *, is_time: bool) -> tuple[list[int] | None, int]:
    """The values as whole numbers and what they were multiplied by; None when that would lose something."""
    if is_time:
        return [int(value) for value in known], 1
    if max(map(abs, known)) > _LARGEST * DECIMALS or not all(map(math.isfinite, known)):
        return None, 1
    if all(value == int(value) for value in known):
        return [int(value) for value in known], 1
    if max(map(abs, known)) > _LARGEST:
        return None, 1
    numbers = [round(value * DECIMALS) for value in known]
    if any(number / DECIMALS != value for number, value in zip(numbers, known, strict=True)):
        return None, 1
    return numbers, DECIMALS


def _unpack_column(column: _Column, content: bytes, count: int) -> list[float | None]:
    if column.mode == "n":
        return [None] * count
    values: list[float]
    if column.mode == "d":
        values = list(array("d", _together(content)))
    else:
        numbers = [(number >> 1) ^ -(number & 1) for number in array("q", _together(content))]
        level = [0, *accumulate(numbers)] if column.mode == "s" else numbers
        scaled = [number * column.factor + column.first for number in level]
        values = [number / column.scale for number in scaled] if column.scale > 1 else list(scaled)
    if not column.gaps:
        return list(values)
    gaps, rest = set(column.gaps), iter(values)
    return [None if place in gaps else next(rest) for place in range(count)]


def _planes(content: bytes) -> bytes:
    return b"".join(content[plane::_WIDTH] for plane in range(_WIDTH))


def _together(content: bytes) -> bytes:
    joined = bytearray(len(content))
    count = len(content) // _WIDTH
    for plane in range(_WIDTH):
        joined[plane::_WIDTH] = content[plane * count : (plane + 1) * count]
    return bytes(joined)
