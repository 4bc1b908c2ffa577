"""Lines, chain and digest: laws that hold for every row."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from branch_node.replication.source import LogRow, one_batch
from shared.canonical import canonical_json
from shared.replication.change import (
    CHAIN_START,
    BadLine,
    Digest,
    decode_line,
    encode_line,
    extend_chain,
)
from shared.replication.layout import COLUMNS, BadLayout, lay_out, read_layout, write_layout

rows = st.dictionaries(
    st.text(min_size=1, max_size=8), st.one_of(st.none(), st.integers(), st.booleans(), st.text())
)
bodies = st.lists(rows.map(lambda row: canonical_json(row).encode("utf-8", "replace")), max_size=20)


@settings(deadline=None)
@given(rows, st.integers(1, 2**62), st.sampled_from("iud"))
def test_a_line_reads_back_as_it_was_written(row: dict[str, object], seq: int, op: str) -> None:
    text = canonical_json(row).encode("utf-8", "replace").decode()
    line = encode_line(seq, 7, "customer", op, 1, 1234, "some-id", text)
    assert b"\n" not in line
    assert decode_line(line) == (seq, 7, "customer", op, 1, 1234, "some-id", text.encode())


@given(bodies, st.integers(0, 20))
def test_the_chain_does_not_depend_on_where_batches_are_cut(lines: list[bytes], cut: int) -> None:
    whole = extend_chain(CHAIN_START, lines)
    assert extend_chain(extend_chain(CHAIN_START, lines[:cut]), lines[cut:]) == whole


@given(bodies.filter(lambda found: len(set(found)) > 1))
def test_the_chain_notices_another_order(lines: list[bytes]) -> None:
    assert extend_chain(CHAIN_START, sorted(lines)) != extend_chain(CHAIN_START, sorted(lines, reverse=True))


@given(bodies)
def test_the_digest_does_not_depend_on_order_and_forgets_what_went(found: list[bytes]) -> None:
    forward, backward = Digest(), Digest()
    for row in found:
        forward.add(row)
    for row in reversed(found):
        backward.add(row)
    assert forward == backward
    assert Digest.parse(forward.text()) == forward
    for row in found:
        forward.remove(row)
    assert forward == Digest()


@given(st.binary(max_size=40))
def test_the_digest_counts_a_row_that_came_twice(row: bytes) -> None:
    once, twice = Digest(), Digest()
    once.add(row)
    twice.add(row)
    twice.add(row)
    twice.count = once.count
    assert twice != once


@pytest.mark.parametrize("line", [b"", b"1\t2", b"x\t1\tt\ti\t1\t0\tpk\t{}", b"1\t1\t\xff\ti\t1\t0\tpk\t{}"])
def test_a_torn_line_is_named(line: bytes) -> None:
    with pytest.raises(BadLine, match="line 3"):
        decode_line(line, 3)


@st.composite
def logs(draw: st.DrawFn) -> list[bytes]:
    """Consecutive lines of a few tables: rows of one shape with values that mislead, odd rows, deletes."""
    keys = ["id", "notes", "number", "recorded_at"]
    text = st.one_of(st.text(max_size=5), st.sampled_from(['","', '":', "%b", "!x", "+1", "\x1e", "{", 'a,"number":1']))  # fmt: skip
    value = st.one_of(st.none(), st.booleans(), st.integers(0, 2**62), text)
    lines = []
    for seq in range(7, 7 + draw(st.integers(1, 30))):
        pk = draw(st.sampled_from(["one", "two", "=3"]))
        row: dict[str, object] = {"id": pk} | {key: draw(value) for key in keys[1:]}
        if draw(st.integers(0, 9)) == 0:
            row = draw(rows)
        body = canonical_json(row).encode("utf-8", "replace").decode()
        op = draw(st.sampled_from("iiiud"))
        lines.append(encode_line(seq, seq * 3, draw(st.sampled_from(["customer", "order"])), op, 1, 10**12 + seq, pk, None if op == "d" else body))  # fmt: skip
    return lines


@settings(deadline=None)
@given(logs())
def test_lines_come_back_byte_for_byte_from_their_layout(lines: list[bytes]) -> None:
    layout, body = write_layout(lines)
    assert read_layout(body, layout, len(lines), 10**6) == lines
    columns = lay_out(lines)
    assert columns is None or read_layout(columns, COLUMNS, len(lines), 10**6) == lines


def many(count: int) -> list[bytes]:
    """Lines of which most are alike, some differ where a sample does not look, one has another shape."""
    bodies = [{"id": f"n{at}", "notes": "odd," if at == count - 3 else "", "amount": at} for at in range(count)]  # fmt: skip
    bodies[count - 2] = {"id": "other"}
    return [encode_line(at, 1, "receipt", "i", 1, 0, str(row["id"]), canonical_json(row)) for at, row in enumerate(bodies, 1)]  # fmt: skip


def test_a_rare_value_and_an_odd_row_in_a_large_batch_come_back() -> None:
    lines = many(1_000)
    body = lay_out(lines)
    assert body is not None and len(body) < len(b"\n".join(lines)) / 3
    assert read_layout(body, COLUMNS, len(lines), 10**6) == lines


@given(st.data())
@settings(deadline=None)
def test_a_damaged_layout_is_refused_or_gives_other_lines_but_never_fails_otherwise(data: st.DataObject) -> None:  # fmt: skip
    lines = many(20)
    body = bytearray(lay_out(lines) or b"")
    at = data.draw(st.integers(0, len(body) - 1))
    body[at : at + data.draw(st.integers(0, 3))] = data.draw(st.binary(max_size=3))
    with contextlib.suppress(BadLayout):
        assert len(read_layout(bytes(body), COLUMNS, len(lines), 10**6)) == len(lines)


def test_a_layout_that_would_grow_beyond_the_limit_is_refused_before_it_is_built() -> None:
    lines = many(2_000)
    body = lay_out(lines)
    assert body is not None
    with pytest.raises(BadLayout, match="larger"):
        read_layout(body, COLUMNS, len(lines), len(body) + 1_000)


@given(st.lists(st.integers(1, 4), min_size=1, max_size=12), st.integers(1, 20), st.integers(1, 200))
def test_a_batch_keeps_to_its_credit_and_to_whole_transactions(sizes: list[int], limit: int, limit_bytes: int) -> None:  # fmt: skip
    log = [(txid, at) for txid, size in enumerate(sizes, 1) for at in range(size)]
    rows: list[LogRow] = [(seq, txid, "t", None, b"x" * (5 + at)) for seq, (txid, at) in enumerate(log, 1)]
    found = rows[:limit]
    batch = one_batch(found, limit, limit_bytes)
    assert batch and batch == rows[: len(batch)]
    assert len(batch) == 1 or sum(len(row[4]) for row in batch) <= limit_bytes
    is_one_transaction = batch[0][1] == batch[-1][1]
    is_whole = len(batch) == len(rows) or rows[len(batch)][1] != batch[-1][1]
    assert is_whole or is_one_transaction
