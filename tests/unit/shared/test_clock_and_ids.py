"""The one clock, and ids that sort by birth."""

import os
import threading
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from shared import clock, ids


def test_now_is_aware_and_in_utc():
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_fixed_clock_stands_still_until_it_is_moved():
    with clock.use(clock.FixedClock("2026-11-22T14:05:00+08:00")) as fixed:
        assert clock.now() == clock.now() == datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
        fixed.advance(hours=2)
        assert clock.now().hour == 8
        fixed.advance(days=-1)
        assert clock.now().day == 21
        fixed.set(datetime(2027, 1, 1, tzinfo=UTC))
        assert clock.now().year == 2027
    assert clock.now().tzinfo is UTC
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_an_error_gives_the_clock_back():
    with pytest.raises(KeyError), clock.use(clock.FixedClock("2020-01-01T00:00:00Z")):
        raise KeyError
    assert clock.now().year > 2020


def test_an_instant_without_offset_is_refused():
    with pytest.raises(ValueError, match="offset"):
        clock.FixedClock("2026-11-22T14:05:00")


def test_ids_are_version_7_and_ordered():
    made = [ids.new_id() for _ in range(20_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)
    assert {one.version for one in made} == {7}
    assert {one.variant for one in made} == {made[0].variant}
    assert abs((made[0].int >> 80) / 1000 - time.time()) < 5


def test_ids_made_as_texts_are_the_same_kind_and_stand_in_line_with_the_others():
    texts = [str(ids.new_id()), *ids.new_id_texts(2_000), str(ids.new_id())]
    assert texts == sorted(texts) and len(set(texts)) == len(texts)
    assert [str(UUID(text)) for text in texts] == texts
    assert {UUID(text).version for text in texts} == {7}


def test_ids_stay_ordered_when_the_clock_is_set_back(monkeypatch):
    before = ids.new_id()
    monkeypatch.setattr(ids.time, "time_ns", lambda: 1_000_000_000_000_000_000)
    assert ids.new_id() > before


def test_ids_go_on_when_a_millisecond_is_used_up(monkeypatch):
    monkeypatch.setattr(ids, "_last_random", ids._RANDOM_MASK)
    monkeypatch.setattr(ids, "_last_millisecond", 2**47)
    after = ids.new_id()
    assert after.int >> 80 == 2**47 + 1
    assert after.version == 7


def test_many_ids_at_once_are_different_and_in_order():
    found = ids.new_ids(3000)
    assert len(set(found)) == 3000 and found == sorted(found)
    assert found[-1] < ids.new_id()
    assert {one.version for one in found} == {7}


def test_threads_never_get_the_same_id():
    made: list[object] = []
    threads = [
        threading.Thread(target=lambda: made.extend(ids.new_id() for _ in range(2000))) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 16_000


def test_a_child_process_does_not_repeat_its_parents_ids():
    ids.new_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, str(ids.new_id()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    theirs = os.read(reader, 100).decode()
    os.close(reader)
    os.close(writer)
    assert theirs != str(ids.new_id())
    assert theirs[19:] != str(ids.new_id())[19:]
