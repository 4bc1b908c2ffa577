"""A node proves itself: signing, tampering, replay."""

import os
import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nodes import identity
from shared.nodes.identity import (
    BadSignature,
    BodyChanged,
    BootSource,
    MissingSignature,
    NodeKey,
    Replayed,
    ReplayGuard,
    ReplayState,
    RequestSigner,
    SignedRequest,
    claimed_node,
    sign_request,
    verify_request,
)

BOOT = "1763780000000-0a1b2c3d"
SH = NodeKey.from_bytes(bytes(range(32)))


def signed(**changes):
    parts = {"node": "SH", "method": "POST", "path": "/sync/v1/batch?x=1", "body": b"rows"}
    return sign_request(SH, **{**parts, "boot_id": BOOT, "number": 7, **changes})


def test_a_signed_request_is_known_for_what_it_is():
    request = verify_request(SH.public_text, signed(), "POST", "/sync/v1/batch?x=1", b"rows")
    assert request == SignedRequest("SH", BOOT, 7)
    assert claimed_node(signed()) == "SH"


def test_header_names_may_arrive_in_lower_case():
    headers = {name.lower(): value for name, value in signed().items()}
    assert verify_request(SH.public_text, headers, "post", "/sync/v1/batch?x=1", b"rows").number == 7


@pytest.mark.parametrize("header", ["Node", "Boot", "Number", "Body", "Signature"])
def test_a_request_lacking_a_header_is_refused(header):
    headers = signed()
    del headers[f"X-Trunkline-{header}"]
    with pytest.raises(MissingSignature):
        verify_request(SH.public_text, headers, "POST", "/sync/v1/batch?x=1", b"rows")


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Node", "PAR"),
        ("Boot", "1763780000001-0a1b2c3d"),
        ("Number", "8"),
        ("Body", "0" * 64),
        ("Signature", "A" * 86),
        ("Signature", "not base64 at all!"),
    ],
)
def test_a_changed_header_is_refused(header, value):
    headers = {**signed(), f"X-Trunkline-{header}": value}
    with pytest.raises(BadSignature):
        verify_request(SH.public_text, headers, "POST", "/sync/v1/batch?x=1", b"rows")


@pytest.mark.parametrize(
    ("method", "path"), [("PUT", "/sync/v1/batch?x=1"), ("POST", "/sync/v1/batch?x=2"), ("POST", "/other")]
)
def test_a_signature_is_good_for_one_method_and_path(method, path):
    with pytest.raises(BadSignature):
        verify_request(SH.public_text, signed(), method, path, b"rows")


def test_a_changed_body_is_refused():
    with pytest.raises(BodyChanged):
        verify_request(SH.public_text, signed(), "POST", "/sync/v1/batch?x=1", b"rowz")


def test_another_nodes_key_is_refused():
    with pytest.raises(BadSignature):
        verify_request(NodeKey.generate().public_text, signed(), "POST", "/sync/v1/batch?x=1", b"rows")


@pytest.mark.parametrize("field", [{"node": "SH\nPOST"}, {"path": "/a\n/b"}, {"number": 0}, {"boot_id": "x"}])
def test_no_field_can_pretend_to_be_two(field):
    with pytest.raises(ValueError, match="cannot be signed"):
        signed(**field)


@given(body=st.binary(max_size=200), place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_any_flipped_bit_of_the_body_is_seen(body, place, bit):
    if not body:
        return
    damaged = bytearray(body)
    damaged[place % len(body)] ^= 1 << bit
    with pytest.raises(BodyChanged):
        verify_request(SH.public_text, signed(body=body), "POST", "/sync/v1/batch?x=1", bytes(damaged))


def test_the_key_file_is_private_and_stays_the_same(tmp_path):
    path = tmp_path / "node" / "node.key"
    first = NodeKey.load_or_create(path)
    assert NodeKey.load_or_create(path).public_text == first.public_text
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in path.parent.iterdir()] == ["node.key"]


def test_a_key_readable_by_others_is_not_used(tmp_path):
    path = tmp_path / "node.key"
    NodeKey.load_or_create(path)
    path.chmod(0o640)
    with pytest.raises(PermissionError, match="chmod 600"):
        NodeKey.load_or_create(path)


def test_a_damaged_key_is_never_replaced_in_silence(tmp_path):
    path = tmp_path / "node.key"
    path.write_bytes(b"ed25519-private:AAAA\n")
    path.chmod(0o600)
    with pytest.raises(ValueError, match="does not hold a node key"):
        NodeKey.load_or_create(path)
    assert path.read_bytes() == b"ed25519-private:AAAA\n"


def test_processes_that_start_together_share_one_key(tmp_path):
    keys = []
    threads = [
        threading.Thread(
            target=lambda: keys.append(NodeKey.load_or_create(tmp_path / "node.key").public_text)
        )
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(keys) == 8
    assert len(set(keys)) == 1


def test_a_fingerprint_is_short_and_tells_keys_apart():
    assert identity.fingerprint(SH.public_text) != identity.fingerprint(NodeKey.generate().public_text)
    assert len(identity.fingerprint(SH.public_text)) == 19


def test_a_later_run_has_the_greater_boot_whatever_the_clock_does(tmp_path):
    clock = iter([1_763_780_000_000, 1_763_680_000_000, 1_763_880_000_000])
    source = BootSource(tmp_path / "boot", wall_ms=lambda: next(clock))
    boots = [int(source.next_boot().split("-")[0]) for _ in range(3)]
    assert boots == [1_763_780_000_000, 1_763_780_000_001, 1_763_880_000_000]


def test_the_signer_counts_its_requests():
    signer = RequestSigner(SH, "SH", BOOT)
    numbers = [signer.headers("GET", "/x")[identity.NUMBER_HEADER] for _ in range(3)]
    assert numbers == ["1", "2", "3"]


def boot(order: int) -> str:
    return f"{order:013d}-{os.urandom(4).hex()}"


def test_a_request_is_accepted_once():
    state = ReplayState().accept(SignedRequest("SH", BOOT, 5))
    with pytest.raises(Replayed):
        state.accept(SignedRequest("SH", BOOT, 5))
    assert state.accept(SignedRequest("SH", BOOT, 6)).boots[0].greatest == 6


def test_requests_on_the_way_together_may_overtake_each_other():
    state = ReplayState().accept(SignedRequest("SH", BOOT, 70)).accept(SignedRequest("SH", BOOT, 7))
    with pytest.raises(Replayed):
        state.accept(SignedRequest("SH", BOOT, 7))
    with pytest.raises(Replayed):
        state.accept(SignedRequest("SH", BOOT, 6))


def test_forgotten_runs_stay_shut():
    runs = [boot(order) for order in range(1, 41)]
    state = ReplayState()
    for run in runs:
        state = state.accept(SignedRequest("SH", run, 1))
    assert len(state.boots) == 16
    for run in runs:
        with pytest.raises(Replayed):
            state.accept(SignedRequest("SH", run, 1))


def test_the_guard_holds_across_a_restart():
    saved: dict[str, str] = {}
    ReplayGuard(saved.get, saved.__setitem__).accept(SignedRequest("SH", BOOT, 5))
    again = ReplayGuard(lambda node: saved.get(node, ""), saved.__setitem__)
    with pytest.raises(Replayed):
        again.accept(SignedRequest("SH", BOOT, 5))
    again.accept(SignedRequest("PAR", BOOT, 5))


def test_what_could_not_be_written_down_was_not_accepted():
    def full(_node: str, _text: str) -> None:
        raise OSError("disk full")

    guard = ReplayGuard(None, full)
    for _ in range(2):
        with pytest.raises(OSError, match="disk full"):
            guard.accept(SignedRequest("SH", BOOT, 5))


@given(
    st.lists(
        st.tuples(st.sampled_from([boot(order) for order in range(100, 125)]), st.integers(1, 200)),
        max_size=120,
    )
)
def test_nothing_is_ever_accepted_twice(requests):
    state, accepted = ReplayState(), []
    for run, number in requests:
        try:
            state = ReplayState.from_text(state.to_text()).accept(SignedRequest("SH", run, number))
        except Replayed:
            continue
        accepted.append((run, number))
    assert len(accepted) == len(set(accepted))
