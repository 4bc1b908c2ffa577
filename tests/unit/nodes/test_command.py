"""A node believes a command only when everything about it is right."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.nodes.command import (
    TREE_FROM,
    VERBS,
    Address,
    Command,
    CommandExpired,
    CommandForged,
    CommandForOther,
    CommandKeyUnknown,
    CommandMalformed,
    CommandNotAllowed,
    CommandRefused,
    CommandReplayed,
    CommandTooLarge,
    NodePolicy,
    audit_hash,
    canonical,
    check_command,
    key_id_of,
    read_genuine,
    sign_command,
    sign_order,
)
from shared.nodes.identity import NodeKey
from shared.nodes.report import SignedCommand

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
ADA = NodeKey.from_bytes(bytes(range(32)))
POLICY = NodePolicy(node="SH", keys={key_id_of(ADA.public_text): ADA.public_text}, allowed=frozenset({"*"}))


def command(**changes) -> Command:
    return Command(
        **{
            "id": "0000-0001",
            "node": "SH",
            "seq": 8,
            "verb": "service.restart",
            "args": {"service": "web"},
            "instance": "abc123",
            "issued_at": NOON,
            "expires_at": NOON + timedelta(minutes=10),
            "requested_by": "Ada",
            "approved_by": "",
            "reason": "it is slow",
            **changes,
        }
    )


def judge(order: Command, policy: NodePolicy = POLICY, now: datetime = NOON, last_seq: int = 7):
    genuine = read_genuine(sign_command(ADA, order), policy)
    assert genuine == order
    return check_command(genuine, policy, now=now, last_seq=last_seq)


def test_a_good_command_yields_its_arguments():
    assert judge(command()).service == "web"


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_no_verb_takes_a_command_line(verb):
    fields = {field.name for field in msgspec.structs.fields(VERBS[verb].arguments)}
    assert not fields & {"command", "shell", "script", "path", "file"}


def test_a_key_of_somebody_else_is_refused():
    with pytest.raises(CommandKeyUnknown):
        read_genuine(sign_command(NodeKey.generate(), command()), POLICY)


def test_a_key_id_does_not_make_a_signature():
    forged = sign_command(NodeKey.generate(), command())
    forged.key_id = key_id_of(ADA.public_text)
    with pytest.raises(CommandForged):
        read_genuine(forged, POLICY)


@given(st.integers(0, 10_000), st.integers(1, 255))
def test_any_changed_byte_is_noticed(place, mask):
    envelope = sign_command(ADA, command())
    payload = bytearray(envelope.payload.encode())
    payload[place % len(payload)] ^= mask
    changed = SignedCommand(
        payload=payload.decode("utf-8", errors="replace"),
        key_id=envelope.key_id,
        signature=envelope.signature,
    )
    with pytest.raises(CommandForged):
        read_genuine(changed, POLICY)


def order_at(count: int) -> list[Command]:
    return [command(id=f"0000-{place:04}", node=f"n{place}", seq=place + 1) for place in range(count)]


def signed_at(count: int) -> list[SignedCommand]:
    return sign_order(ADA, command(), [Address(one.id, one.node, one.seq) for one in order_at(count)])


def policy_of(node: str) -> NodePolicy:
    return NodePolicy(node=node, keys=POLICY.keys, allowed=POLICY.allowed)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 6, 7, 8, 9, 13, 16, 17, 31, 33, 100])
def test_each_command_of_an_order_proves_itself_alone_and_no_other(count):
    orders, signed = order_at(count), signed_at(count)
    assert len({one.signature.rpartition(".")[2] for one in signed}) == (1 if count >= TREE_FROM else count)
    for order, envelope in zip(orders, signed, strict=True):
        assert read_genuine(envelope, policy_of(order.node)) == order
    for order, envelope in zip(orders, signed[1:] + signed[:1], strict=True):
        mixed = SignedCommand(
            payload=canonical(order).decode(), key_id=envelope.key_id, signature=envelope.signature
        )
        if count > 1:
            with pytest.raises(CommandForged):
                read_genuine(mixed, policy_of(order.node))


@given(st.integers(4, 40), st.integers(0, 10_000), st.integers(0, 10_000), st.sampled_from("Az09-_.5"))
def test_a_changed_letter_of_a_tree_signature_is_noticed(count, which, place, letter):
    order, envelope = list(zip(order_at(count), signed_at(count), strict=True))[which % count]
    text = envelope.signature
    at = place % (len(text) - 1)  # the very last letter of base64 has spare bits
    changed = text[:at] + letter + text[at + 1 :]
    if changed == text or (len(text.split(".")[2]) % 4 and text[at + 1] == "."):
        return
    with pytest.raises(CommandForged):
        read_genuine(
            SignedCommand(payload=envelope.payload, key_id=envelope.key_id, signature=changed),
            policy_of(order.node),
        )


@pytest.mark.parametrize(
    "change",
    [
        lambda place, count, path, own: (place, count, path + "A" * 43, own),
        lambda place, count, path, own: (place, count, path[: -len(path) // 2], own),
        lambda place, count, path, own: (place, count, "", own),
        lambda place, count, path, own: (place, "1", "", own),
        lambda place, count, path, own: ("0", "1", "", own),
        lambda place, count, path, own: ("-1", count, path, own),
        lambda place, count, path, own: (count, count, path, own),
        lambda place, count, path, own: (place, "9" * 30, path, own),
        lambda place, count, path, own: ("x", count, path, own),
        lambda place, count, path, own: (place, count, path, own, own),
        lambda place, count, path, own: ("", "", "", own),
    ],
)
def test_a_path_that_does_not_lead_to_the_root_is_forged(change):
    order, envelope = order_at(11)[6], signed_at(11)[6]
    changed = ".".join(change(*envelope.signature.split(".")))
    with pytest.raises(CommandForged):
        read_genuine(
            SignedCommand(payload=envelope.payload, key_id=envelope.key_id, signature=changed),
            policy_of(order.node),
        )


@pytest.mark.parametrize("count", [1, TREE_FROM])
def test_an_order_has_its_arguments_and_its_length_judged_before_it_is_signed(count):
    addresses = [Address(one.id, one.node, one.seq) for one in order_at(count)]
    for wrong in (
        command(args={"service": 7}),
        command(verb="node.reboot"),
        command(args={"service": "web", "x": 1}),
    ):
        with pytest.raises(CommandMalformed):
            sign_order(ADA, wrong, addresses)
    with pytest.raises(CommandTooLarge):
        sign_order(ADA, command(reason="x" * 17_000), addresses)


@given(st.text(), st.text(), st.text(), st.integers(1, 2**53))
def test_what_an_order_signs_is_the_canonical_form_of_each_of_its_commands(reason, id, node, seq):
    args = {"service": "web", "memory_bytes": 2**30, "cpu_percent": None}
    order = command(verb="limits.set", args=args, reason=reason, requested_by=id, instance=node)
    [envelope] = sign_order(ADA, order, [Address(id, node, seq)])
    assert envelope.payload.encode() == canonical(msgspec.structs.replace(order, id=id, node=node, seq=seq))


def test_a_pair_of_a_tree_is_no_command_and_a_single_signature_no_tree():
    orders, signed = order_at(4), signed_at(4)
    own = sign_command(ADA, orders[0])
    for signature in (signed[0].signature.rpartition(".")[2], f"0.1..{own.signature}"):
        with pytest.raises(CommandForged):
            read_genuine(
                SignedCommand(payload=own.payload, key_id=own.key_id, signature=signature), policy_of("n0")
            )


def signed_raw(payload: bytes) -> SignedCommand:
    return SignedCommand(
        payload=payload.decode(),
        key_id=key_id_of(ADA.public_text),
        signature=ADA.sign(b"trunkline-command-1\n" + payload),
    )


@pytest.mark.parametrize(
    "payload",
    [
        b"[]",
        b"{}",
        canonical(command()) + b" ",
        canonical(command())[:-1] + b',"extra":1}',
        canonical(command()).replace(b'"seq":8', b'"seq":0'),
        canonical(command()).replace(b'"node":"SH"', b'"node":"S H"'),
    ],
)
def test_a_signed_payload_that_is_no_command_is_refused(payload):
    with pytest.raises(CommandMalformed):
        read_genuine(signed_raw(payload), POLICY)


def test_a_signature_for_a_request_is_none_for_a_command():
    payload = canonical(command())
    envelope = SignedCommand(
        payload=payload.decode(), key_id=key_id_of(ADA.public_text), signature=ADA.sign(payload)
    )
    with pytest.raises(CommandForged):
        read_genuine(envelope, POLICY)


def test_size_is_checked_first():
    with pytest.raises(CommandTooLarge):
        read_genuine(SignedCommand(payload="x" * 20_000, key_id="", signature=""), POLICY)


def test_a_command_for_another_node_is_refused():
    with pytest.raises(CommandForOther):
        judge(command(node="PAR"))


@pytest.mark.parametrize("seq", [7, 6, 1])
def test_a_sequence_number_is_good_once(seq):
    with pytest.raises(CommandReplayed):
        judge(command(seq=seq))


def test_gaps_in_the_sequence_are_fine():
    assert judge(command(seq=1000))


@pytest.mark.parametrize("late", [timedelta(minutes=10), timedelta(hours=27)])
def test_an_expired_command_is_refused(late):
    with pytest.raises(CommandExpired):
        judge(command(), now=NOON + late)


def test_a_command_from_the_future_is_refused_beyond_the_tolerance():
    assert judge(command(), now=NOON - timedelta(minutes=2))
    with pytest.raises(CommandExpired):
        judge(command(), now=NOON - timedelta(minutes=3))


@pytest.mark.parametrize("life", [timedelta(0), timedelta(days=-1), timedelta(days=8)])
def test_a_command_lives_between_nothing_and_seven_days(life):
    with pytest.raises(CommandMalformed):
        judge(command(expires_at=NOON + life))


@pytest.mark.parametrize(
    ("allowed", "is_good"),
    [
        ({"service.restart"}, True),
        ({"service.*"}, True),
        ({"service.restart web"}, True),
        ({"service.* web"}, True),
        ({"service.restart db"}, False),
        ({"service.stop"}, False),
        (set(), False),
    ],
)
def test_the_nodes_own_list_decides(allowed, is_good):
    policy = NodePolicy(node="SH", keys=POLICY.keys, allowed=frozenset(allowed))
    if is_good:
        assert judge(command(), policy)
    else:
        with pytest.raises(CommandNotAllowed):
            judge(command(), policy)


@pytest.mark.parametrize("approver", ["", "  ", "Ada", " Ada "])
def test_a_reboot_needs_a_second_person(approver):
    with pytest.raises(CommandNotAllowed):
        judge(command(verb="node.reboot", args={}, instance="", approved_by=approver))


def test_two_persons_may_reboot():
    assert judge(command(verb="node.reboot", args={}, instance="", approved_by="Chen")) is not None


def test_a_restart_must_name_its_instance():
    with pytest.raises(CommandMalformed, match="must name the instance"):
        judge(command(instance=""))


@pytest.mark.parametrize(
    ("verb", "args"),
    [
        ("service.restart", {}),
        ("service.restart", {"service": "web", "shell": "rm"}),
        ("service.restart", {"service": "../web"}),
        ("process.kill", {"pid": 1, "created_us": 1}),
        ("process.kill", {"pid": 5, "created_us": 1, "signal": "STOP"}),
        ("limits.set", {"service": "web", "memory_bytes": 1}),
        ("log.tail", {"service": "web", "lines": 100_000}),
        ("shell.run", {}),
    ],
)
def test_arguments_that_do_not_fit_are_refused_at_both_ends(verb, args):
    order = command(verb=verb, args=args)
    with pytest.raises(CommandMalformed):
        sign_command(ADA, order)
    genuine = read_genuine(signed_raw(canonical(order)), POLICY)
    with pytest.raises(CommandRefused):
        check_command(genuine, POLICY, now=NOON, last_seq=7)


def test_the_audit_chain_depends_on_every_entry():
    def chain(entries):
        head = ""
        for entry in entries:
            head = audit_hash(head, entry)
        return head

    assert chain([b"a", b"b", b"c"]) == chain([b"a", b"b", b"c"])
    assert len({chain(order) for order in ([b"a", b"b"], [b"b", b"a"], [b"a"], [b"a", b"b", b"b"])}) == 4
