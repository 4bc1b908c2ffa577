"""One change on its way: its line on the wire, its place in the chain, its part of the digest.

Line: `seq TAB txid TAB table TAB op TAB schema TAB at TAB pk TAB row` where row is canonical JSON, empty for a delete.
JSON escapes control characters, so neither TAB nor line feed occurs inside a field.

Chain: chain(n) = BLAKE2b-128(chain(n-1) || line(n)), so any two logs that agree at n agree on everything before.
Digest of a table: (count of rows, sum of BLAKE2b-128(canonical row) modulo 2^128). A sum, not an XOR: with XOR a row
applied twice vanishes.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

MODULUS = 1 << 128
CHAIN_START = bytes(16)


class Change(NamedTuple):
    """A change as received. `row` is canonical JSON, empty for a delete."""

    seq: int
    txid: int
    table: str
    op: str
    schema: int
    at: int
    pk: str
    row: bytes


class BadLine(ValueError):
    """A line that cannot be read; names the line by its number in the batch."""


def encode_line(
    seq: int, txid: int, table: str, op: str, schema: int, at: int, pk: str, row: str | None
) -> bytes:
    """The line of a change, without its line feed."""
    return f"{seq}\t{txid}\t{table}\t{op}\t{schema}\t{at}\t{pk}\t{row or ''}".encode()


def decode_line(line: bytes, number: int = 0) -> Change:
    """The change of a line. Raises BadLine."""
    parts = line.split(b"\t", 7)
    try:
        seq, txid, table, op, schema, at, pk, row = parts
        return Change(
            int(seq), int(txid), table.decode(), op.decode(), int(schema), int(at), pk.decode(), row
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise BadLine(f"line {number} of the batch is not a change") from error


def extend_chain(chain: bytes, lines: Iterable[bytes]) -> bytes:
    """The chain hash after `lines`, starting from `chain` (16 bytes)."""
    for line in lines:
        chain = blake2b(chain + line, digest_size=16).digest()
    return chain


def row_hash(row: bytes) -> int:
    """The 128-bit number of a canonical row."""
    return int.from_bytes(blake2b(row, digest_size=16).digest(), "big")


@dataclass(slots=True)
class Digest:
    """Running digest of one table: number of rows and sum of their hashes."""

    count: int = 0
    total: int = 0

    def add(self, row: bytes) -> None:
        """A row came in."""
        self.count += 1
        self.total = (self.total + row_hash(row)) % MODULUS

    def remove(self, row: bytes) -> None:
        """A row went, or is about to be replaced."""
        self.count -= 1
        self.total = (self.total - row_hash(row)) % MODULUS

    def add_all(self, rows: Iterable[bytes]) -> None:
        """Many rows came in."""
        count, total = _sum(rows)
        self.count += count
        self.total = (self.total + total) % MODULUS

    def remove_all(self, rows: Iterable[bytes]) -> None:
        """Many rows went."""
        count, total = _sum(rows)
        self.count -= count
        self.total = (self.total - total) % MODULUS

    def text(self) -> str:
        """`count:hex`, as carried by batches and stored beside the cursor."""
        return f"{self.count}:{self.total:032x}"

    def merge(self, other: "Digest") -> None:
        """The rows of another part of the same table came in."""
        self.count += other.count
        self.total = (self.total + other.total) % MODULUS

    @classmethod
    def parse(cls, text: str) -> "Digest":
        """The digest of `text()`; the empty text is the empty table."""
        if not text:
            return cls()
        count, _, total = text.partition(":")
        return cls(int(count), int(total, 16))


def _sum(rows: Iterable[bytes]) -> tuple[int, int]:
    read = int.from_bytes
    hashes = [read(blake2b(row, digest_size=16).digest(), "big") for row in rows]
    return len(hashes), sum(hashes)
