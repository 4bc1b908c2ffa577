"""Every line of a log is read once, in order, without its secrets."""

import os
import threading
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.agent.logs import Bucket, Tail
from netops.agent.redaction import HIDDEN, redact, redact_text
from netops.agent.service_log import cut, last_lines, rotate
from netops.agent.settings import Log

LOG = Log(largest_bytes=4096, lines_per_second=10_000, burst_lines=10_000)


OPEN: list[Tail] = []


@pytest.fixture(autouse=True)
def _files_closed():
    yield
    while OPEN:
        OPEN.pop().close()


def tail(path, position=None, log=LOG) -> Tail:
    OPEN.append(Tail("web", "output", path, log, "host", position))
    return OPEN[-1]


def texts(batches) -> list[str]:
    return [line.text for batch in batches for line in batch.lines]


def write(path, text):
    with path.open("a") as stream:
        stream.write(text)


def test_lines_are_read_as_they_come_and_half_a_line_waits(tmp_path):
    path = tmp_path / "web.log"
    reader = tail(path)
    assert reader.poll() == []
    write(path, "one\ntwo\nthr")
    assert texts(reader.poll()) == ["one", "two"]
    write(path, "ee\n")
    assert texts(reader.poll()) == ["three"]
    assert reader.position.offset == 14


def test_a_json_line_brings_its_own_time_level_and_event(tmp_path):
    path = tmp_path / "web.log"
    write(path, '{"event":"paid","level":"warning","timestamp":"2026-11-20T12:00:00Z","token":"abc"}\n')
    (line,) = tail(path).poll()[0].lines
    assert (line.at, line.level, line.event) == (datetime(2026, 11, 20, 12, tzinfo=UTC), "warning", "paid")
    assert "abc" not in line.text


def test_a_plain_line_is_given_the_level_it_speaks_of(tmp_path):
    path = tmp_path / "web.log"
    write(path, "ERROR: no room\nall is well\nWARN slow\n")
    assert [line.level for line in tail(path).poll()[0].lines] == ["error", "info", "warning"]


def test_lines_below_the_wanted_level_stay_at_the_node(tmp_path):
    path = tmp_path / "web.log"
    write(path, '{"event":"a","level":"info"}\n{"event":"b","level":"error"}\n')
    log = Log(level="WARNING")
    assert [line.event for line in tail(path, log=log).poll()[0].lines] == ["b"]


def test_a_tail_goes_on_where_the_last_one_stopped(tmp_path):
    path = tmp_path / "web.log"
    write(path, "one\n")
    first = tail(path)
    first.poll()
    write(path, "two\n")
    assert texts(tail(path, first.position).poll()) == ["two"]


def test_a_turned_over_file_is_read_to_its_end_first(tmp_path):
    path = tmp_path / "web.log"
    write(path, "one\n" * 2000)
    reader = tail(path)
    reader.poll()
    write(path, "last\n")
    assert rotate(path, LOG)
    write(path, "first\n")
    found = reader.poll()
    assert texts(found) == ["last", "first"]
    assert found[0].generation + 1 == found[1].generation


def test_a_file_turned_over_while_the_agent_was_away_is_found_by_its_inode(tmp_path):
    path = tmp_path / "web.log"
    write(path, "one\n" * 2000)
    reader = tail(path)
    reader.poll()
    reader.close()
    write(path, "last\n")
    rotate(path, LOG)
    write(path, "first\n")
    again = tail(path, reader.position)
    assert texts(again.poll()) == ["last", "first"]
    assert texts(tail(path, again.position).poll()) == []


def test_cutting_a_running_services_file_loses_no_line_and_repeats_none(tmp_path):
    path = tmp_path / "web.log"
    reader, seen = tail(path), []
    with path.open("a") as service:
        for number in range(3000):
            service.write(f"{number}\n")
            service.flush()
            if number % 100 == 0:
                seen += reader.poll()
        seen += reader.poll()
    assert texts(seen) == [str(number) for number in range(3000)]
    identities = [(one.inode, one.generation, line.offset) for one in seen for line in one.lines]
    assert len(set(identities)) == 3000
    assert path.stat().st_size < 3 * LOG.largest_bytes


def test_a_file_emptied_by_somebody_else_is_read_from_its_start(tmp_path):
    path = tmp_path / "web.log"
    write(path, "one\ntwo\n")
    reader = tail(path)
    reader.poll()
    os.truncate(path, 0)
    write(path, "new\n")
    assert texts(reader.poll()) == ["new"]


def test_a_file_without_news_is_looked_at_once_and_not_read(tmp_path, monkeypatch):
    path = tmp_path / "web.log"
    write(path, "one\n")
    reader = tail(path)
    reader.poll()

    def read(*_):
        raise AssertionError("read")

    monkeypatch.setattr("netops.agent.logs.os.pread", read)
    assert reader.poll() == []
    write(path, "two\n")
    with pytest.raises(AssertionError, match="read"):
        reader.poll()
    monkeypatch.undo()
    assert texts(reader.poll()) == ["two"]
    path.replace(tmp_path / "web.log.1")
    write(path, "six\n")
    assert texts(reader.poll()) == ["six"], "of the same length, under the same name"


def test_a_flood_is_thinned_out_and_counted(tmp_path):
    path = tmp_path / "web.log"
    write(path, "line\n" * 500)
    reader = tail(path, log=Log(lines_per_second=0.001, burst_lines=100))
    assert len(texts(reader.poll())) == 100
    reader._bucket._tokens = 5.0
    write(path, "after\n")
    (line,) = reader.poll()[0].lines
    assert (line.text, line.suppressed) == ("after", 400)


def test_a_bucket_fills_with_time():
    clock = iter([0.0, 0.0, 0.0, 1.0, 1.0, 1.0])
    bucket = Bucket(2.0, 2, lambda: next(clock))
    assert [bucket.take() for _ in range(5)] == [True, True, True, True, False]


def test_a_file_is_never_turned_over_by_two_at_once(tmp_path):
    path, log, failed = tmp_path / "web.log", Log(largest_bytes=4096, kept_files=5), []

    def turn(how) -> None:
        for _ in range(400):
            try:
                path.write_bytes(b"x" * 9000)
                how(path, log)
            except OSError as error:
                failed.append(error)

    threads = [threading.Thread(target=turn, args=(how,)) for how in (rotate, cut, rotate)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not failed


def test_old_files_are_kept_to_a_number(tmp_path):
    path = tmp_path / "web.log"
    for number in range(6):
        write(path, f"{number}\n" * 3000)
        assert rotate(path, LOG)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["web.log.1", "web.log.2", "web.log.3"]
    assert last_lines(tmp_path / "web.log.1", 1) == ["5"]
    assert not rotate(path, LOG)
    assert not cut(path, LOG)


@pytest.mark.parametrize(
    "text",
    [
        "password=hunter2",
        "token: hunter2",
        'api_key="hunter2"',
        "Authorization: Bearer hunter2hunter2",
        "postgres://root:hunter2@localhost/x",
        "TRUNKLINE_DEMO_PASSWORD=hunter2",
    ],
)
def test_secrets_in_plain_lines_are_hidden(text):
    assert "hunter2" not in redact_text(text)
    assert HIDDEN in redact_text(text)


@given(
    st.sampled_from(["password", "api_key", "Authorization", "session_id", "client-secret", "bank_account"])
)
def test_secrets_under_their_keys_are_hidden_at_any_depth(key):
    assert "hunter2" not in str(redact({"a": [{"b": {key: "hunter2"}}], key: ["hunter2"]}))


def test_what_is_no_secret_is_kept():
    fields = {"customer": "c-1", "passed": 3, "amount_minor": 100, "ok": True, "hotpath": "/", "token": ""}
    assert redact(fields) == fields
