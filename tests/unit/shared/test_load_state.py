"""How much work a site takes: what was ordered, for how long, and by whom."""

from datetime import UTC, datetime, timedelta

from shared.load_state import HOLDS_FOR, LoadFile, LoadState, read_load, write_load

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_what_the_agent_ordered_runs_out_by_itself_and_what_a_person_ordered_does_not():
    state = LoadState(rung="throttle", until=NOON + HOLDS_FOR)
    assert state.at(NOON) == "throttle"
    assert state.at(NOON + HOLDS_FOR) == "none"
    assert LoadState(is_drained=True).at(NOON + timedelta(days=9)) == "drain"


def test_throttling_pauses_all_queues_but_the_default_one():
    state = LoadState(rung="throttle", until=NOON + HOLDS_FOR, paused_queues=["mail"])
    assert state.pauses("imports", NOON) and not state.pauses("default", NOON)
    assert state.pauses("mail", NOON + timedelta(hours=1))
    assert LoadState(is_drained=True).pauses("default", NOON)


def test_a_file_that_is_missing_or_damaged_orders_nothing(tmp_path):
    path = tmp_path / "load.json"
    assert read_load(path) == LoadState()
    path.write_text("{")
    assert LoadFile(path).rung == "none"
    write_load(path, LoadState(is_drained=True))
    assert LoadFile(path).rung == "drain"
