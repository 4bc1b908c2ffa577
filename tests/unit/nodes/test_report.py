"""Reports survive the way to the center and back, whatever version either end has."""

from datetime import UTC, datetime

import msgspec
import pytest

from shared.nodes.report import (
    Ack,
    CommandResult,
    Incident,
    LogBatch,
    LogLine,
    RecoveryRecord,
    Report,
    SampleBatch,
    SampleRow,
    StateReport,
    TooLarge,
    decode_ack,
    decode_report,
    encode_body,
)

NOON = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
REPORT = Report(
    at=NOON,
    state=StateReport(at=NOON),
    items=[
        SampleBatch(key=1, names=["cpu_ratio"], rows=[SampleRow(5, [0.5]), SampleRow(6, [None])]),
        LogBatch(
            key=2,
            service="web",
            source="output",
            host_boot="b",
            inode=9,
            generation=1,
            lines=[LogLine(offset=0, at=NOON, text="x" * 2000)],
        ),
        RecoveryRecord(
            id="r", service="web", cause="exit", action="restart", outcome="recovered", detected_at=NOON
        ),
        Incident(id="i", service="web", kind="crash_loop", opened_at=NOON),
        CommandResult(
            id="c", seq=1, state="done", at=NOON, result={"effect": "x", "lines": ["a"], "n": None}
        ),
    ],
)


def test_a_report_comes_out_as_it_went_in():
    body, headers = encode_body(REPORT)
    assert decode_report(body, headers.get("Content-Encoding", "")) == REPORT


def test_reports_that_bring_the_same_names_share_them():
    first, second = (decode_report(encode_body(REPORT)[0], "deflate").items[0] for _ in range(2))
    assert first.names is second.names
    assert dict(first.names.places) == {"cpu_ratio": 0}


def test_very_many_names_are_read_and_not_kept():
    names = [f"metric_{number}" for number in range(2_000)]
    batch = SampleBatch(key=1, names=names, rows=[SampleRow(5, [0.5] * 2_000)])
    body, _headers = encode_body(Report(at=NOON, items=[batch]))
    first, second = (decode_report(body, "deflate").items[0] for _ in range(2))
    assert first == second == batch
    assert first.names is not second.names


def test_a_large_report_is_deflated_and_a_small_one_is_not():
    assert encode_body(REPORT)[1]["Content-Encoding"] == "deflate"
    assert "Content-Encoding" not in encode_body(Ack(at=NOON))[1]


def test_fields_of_a_newer_agent_are_ignored():
    newer = msgspec.json.decode(msgspec.json.encode(REPORT))
    newer["weather"] = "fine"
    newer["items"][0]["colour"] = "red"
    assert decode_report(msgspec.json.encode(newer)) == REPORT


def test_nothing_beyond_the_limit_is_unpacked():
    body, headers = encode_body(Report(at=NOON, items=[REPORT.items[1]] * 2000))
    assert len(body) < 100_000
    with pytest.raises(TooLarge):
        decode_report(body, headers["Content-Encoding"], limit=1_000_000)


@pytest.mark.parametrize("cut", [1, 10, 50])
def test_a_body_cut_short_is_an_error(cut):
    body, headers = encode_body(REPORT)
    with pytest.raises(msgspec.DecodeError):
        decode_report(body[:-cut], headers["Content-Encoding"])


@pytest.mark.parametrize(("body", "encoding"), [(b"{}", "br"), (b"not deflated", "deflate"), (b"{}", "")])
def test_what_is_no_report_is_an_error(body, encoding):
    with pytest.raises(msgspec.DecodeError):
        decode_report(body, encoding)


def test_an_ack_says_what_may_be_forgotten():
    ack = Ack(at=NOON, taken=[1, 2], credit_items=5)
    assert decode_ack(msgspec.json.encode(ack)) == ack


@pytest.mark.parametrize("names", [[1], {"a": 1}, None, "cpu_ratio"])
def test_names_that_are_no_list_of_words_are_an_error(names):
    wrong = msgspec.json.decode(msgspec.json.encode(REPORT))
    wrong["items"][0]["names"] = names
    with pytest.raises(msgspec.DecodeError):
        decode_report(msgspec.json.encode(wrong))
