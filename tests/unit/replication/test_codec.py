"""Lines, chain and digest: laws that hold for every row."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.database.fields import canonical_json
from shared.replication.change import (
    CHAIN_START,
    BadLine,
    Digest,
    decode_line,
    encode_line,
    extend_chain,
)

rows = st.dictionaries(
    st.text(min_size=1, max_size=8), st.one_of(st.none(), st.integers(), st.booleans(), st.text())
)
bodies = st.lists(rows.map(lambda row: canonical_json(row).encode("utf-8", "replace")), max_size=20)


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
