"""When rules fire and clear, what silence means, what channels are told: the pure decisions of the center."""

import csv
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.center.alerts.defaults import DEFAULTS, UNUSUAL_LOAD
from netops.center.alerts.rules import Rule, Standing, episodes, step
from netops.center.alerts.telling import Candidate, Pace, telling
from netops.center.alerts.topology import Place, suspects_itself, troubles_of_silence
from netops.center.maintenance.rules import Window, maintained_until

NAB = Path(__file__).resolve().parents[4] / "shared" / "data" / "nab"
HOT = Rule(1, "hot", "cpu_ratio", "above", 60, 0.9, 0.7, 30, 120, 2)
PACE = Pace(30, 300, 4 * 3600)


def play(rule: Rule, values: list[float | None], seconds: float = 10) -> list[Standing]:
    """How a rule stands after each value, one every ten seconds."""
    standing, found = Standing(), []
    for place, value in enumerate(values):
        standing = step(rule, standing, value, None, place * seconds)
        found.append(standing)
    return found


def test_a_rule_fires_only_after_its_time_and_clears_only_below_its_clear_level() -> None:
    states = [standing.state for standing in play(HOT, [0.95] * 4)]
    assert states == ["pending", "pending", "pending", "firing"]
    between = play(HOT, [0.95] * 4 + [0.8] * 100)
    assert between[-1].state == "firing"
    cleared = play(HOT, [0.95] * 4 + [0.6] * 14)
    assert [standing.is_open for standing in cleared].index(False, 4) == 4 + 12


def test_no_data_never_resolves() -> None:
    states = play(HOT, [0.95] * 4 + [None] * 1000)
    assert states[-1].state == "unknown"
    assert states[-1].is_open
    assert not play(HOT, [0.5, None])[-1].is_open


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60))
def test_a_rule_is_never_open_without_having_been_over_its_level(values: list[float | None]) -> None:
    over = False
    for value, standing in zip(values, play(HOT, values), strict=True):
        over = over or (value is not None and value >= HOT.fire_at)
        assert over or not standing.is_open


def test_a_level_crossed_a_hundred_times_in_ten_minutes_opens_once() -> None:
    quick = Rule(2, "quick", "x", "above", 2, 0.9, 0.7, 0, 300, 2)
    crossing = [(place * 3.0, 1.0 if place % 2 else 0.0) for place in range(200)]
    assert len(episodes(quick, crossing)) == 1


@pytest.mark.skipif(not NAB.exists(), reason=f"no {NAB}")
@pytest.mark.parametrize("name", ["ec2_cpu_utilization_5f5533.csv", "rds_cpu_utilization_e47b3b.csv"])
def test_the_default_load_rules_find_every_labelled_window_of_real_servers(name: str) -> None:
    """Both default rules on CPU over two weeks: every window found, at most five episodes outside."""

    def second(text: str) -> float:
        return datetime.fromisoformat(text.split(".")[0]).replace(tzinfo=UTC).timestamp()

    with (NAB / name).open() as file:
        points = [(second(row["timestamp"]), float(row["value"]) / 100) for row in csv.DictReader(file)]
    labels = json.loads((NAB / "labels_and_expected.json").read_text())[name]["anomaly_windows"]
    windows = [(second(start), second(end)) for start, end in labels]
    load_rules = [rule for rule in DEFAULTS.values() if rule.metric == "cpu_ratio"]
    found = [fired for rule in load_rules for fired, _ in episodes(rule, points)]
    assert UNUSUAL_LOAD in load_rules
    assert all(any(start <= at <= end for at in found) for start, end in windows)
    assert sum(not any(start <= at <= end for start, end in windows) for at in found) <= 5


def test_a_cut_branch_is_one_trouble_that_names_all_its_nodes() -> None:
    places = {f"gz{n}": Place("GZ") for n in range(4)} | {"sh0": Place("SH"), "sh1": Place("SH")}
    (trouble,) = troubles_of_silence(places, {"gz0", "gz1", "gz2", "gz3"})
    assert (trouble.kind, trouble.branch, len(trouble.nodes)) == ("line_down", "GZ", 4)


def test_a_machine_of_which_no_node_is_heard_is_one_trouble_and_a_single_silent_one_is_its_own() -> None:
    places = {name: Place(name.upper(), host="m1") for name in ("par", "ber")} | {
        name: Place(name.upper(), host="m2") for name in ("hk", "sz")
    }
    found = troubles_of_silence(places, {"par", "ber", "hk"})
    assert [(trouble.kind, trouble.nodes) for trouble in found] == [
        ("host_down", ("ber", "par")),
        ("silent", ("hk",)),
    ]


def test_what_lies_behind_a_silent_node_is_muted_and_named_with_it() -> None:
    places = {"router": Place(), "app": Place("", "router"), "db": Place("", "app"), "other": Place()}
    (trouble,) = troubles_of_silence(places, {"router", "app", "db"})
    assert (trouble.cause, trouble.nodes) == ("silent router", ("app", "db", "router"))


@given(st.sets(st.integers(0, 11)), st.lists(st.integers(0, 11), min_size=12, max_size=12))
def test_every_silent_node_is_in_exactly_one_trouble(silent: set[int], behind: list[int]) -> None:
    places = {f"n{n}": Place(f"B{n % 3}" if n % 2 else "", f"n{behind[n]}") for n in range(12)}
    names = {f"n{n}" for n in silent}
    members = [name for trouble in troubles_of_silence(places, names) for name in trouble.nodes]
    assert sorted(members) == sorted(names)


def test_many_late_at_once_make_the_center_doubt_itself_and_few_late_end_the_doubt() -> None:
    assert suspects_itself(False, [100.0] * 4, 10, 130.0)
    assert not suspects_itself(False, [100.0] * 2, 10, 130.0)
    assert not suspects_itself(False, [0.0] * 4, 10, 130.0)
    assert suspects_itself(True, [0.0] * 4, 10, 500.0)
    assert not suspects_itself(True, [], 10, 500.0)


def trouble(name: str, at: float, severity: int = 2, **values: object) -> Candidate:
    return Candidate(name, severity, at, is_open=values.pop("is_open", True), **values)  # type: ignore[arg-type]


def test_a_first_trouble_waits_for_others_and_all_go_in_one_notification() -> None:
    many = [trouble(f"i{n}", at=n / 10) for n in range(200)]
    assert not telling(many, None, 20, PACE)
    assert len(telling(many, None, 31, PACE).new) == 200


def test_between_two_notifications_only_the_gravest_is_told() -> None:
    told = trouble("old", 0, told_open=31)
    assert not telling([told, trouble("new", 40)], 31, 100, PACE)
    assert telling([told, trouble("new", 40, severity=1)], 31, 100, PACE).new == ("new",)
    assert telling([told, trouble("new", 40)], 31, 340, PACE).new == ("new",)


def test_what_nobody_acknowledged_is_told_again_after_four_hours() -> None:
    told = trouble("old", 0, told_open=30)
    later = 30 + PACE.repeat_seconds
    assert telling([told], 30, later, PACE).again == ("old",)
    assert not telling([trouble("old", 0, told_open=30, is_acknowledged=True)], 30, later, PACE)
    assert not telling([trouble("old", 0, told_open=30, is_quiet=True)], 30, later, PACE)


def test_a_weekly_window_is_on_in_every_week_and_only_for_its_branch() -> None:
    start = datetime(2026, 11, 1, 2, tzinfo=UTC)
    window = Window(start, start + timedelta(hours=2), branch="GZ", repeats="weekly")
    later = start + timedelta(days=21, hours=1)
    assert maintained_until([window], "gz1", "GZ", later) == later + timedelta(hours=1)
    assert maintained_until([window], "sh1", "SH", later) is None
    assert maintained_until([window], "gz1", "GZ", later + timedelta(hours=1)) is None
    nightly = Window(start, start + timedelta(hours=2), repeats="daily")
    assert nightly.next_start(later + timedelta(hours=3)) == start + timedelta(days=22)
    assert nightly.on_until(later + timedelta(days=2)) == later + timedelta(days=2, hours=1)


@pytest.mark.parametrize(
    ("day", "starts", "ends"),
    [
        ("2026-03-28", "2026-03-28T02:30+01:00", "2026-03-28T03:30+01:00"),
        ("2026-03-29", "2026-03-29T03:30+02:00", "2026-03-29T04:30+02:00"),  # 02:30 does not exist in Paris
        ("2026-10-25", "2026-10-25T02:30+02:00", "2026-10-25T02:30+01:00"),  # it exists twice: the first
    ],
)
def test_a_nightly_window_at_half_past_two_keeps_the_wall_clock_and_its_length(
    day: str, starts: str, ends: str
) -> None:
    start = datetime.fromisoformat("2026-01-10T02:30+01:00")
    window = Window(start, start + timedelta(hours=1), repeats="daily", zone="Europe/Paris")
    assert window.next_start(
        datetime.fromisoformat(f"{day}T00:30+00:00") - timedelta(hours=2)
    ) == datetime.fromisoformat(starts)
    assert window.on_until(datetime.fromisoformat(starts)) == datetime.fromisoformat(ends)
    assert window.on_until(datetime.fromisoformat(ends)) is None


def test_a_monthly_window_of_the_31st_is_on_the_last_day_of_a_shorter_month() -> None:
    start = datetime(2026, 1, 31, 22, tzinfo=UTC)
    window = Window(start, start + timedelta(hours=4), repeats="monthly")
    found = [window.start_of(number).strftime("%m-%d") for number in (1, 2, 3, 13)]
    assert found == ["02-28", "03-31", "04-30", "02-28"]
    assert window.on_until(datetime(2026, 3, 1, 1, tzinfo=UTC)) == datetime(2026, 3, 1, 2, tzinfo=UTC)
    assert window.next_start(datetime(2026, 3, 1, 3, tzinfo=UTC)) == datetime(2026, 3, 31, 22, tzinfo=UTC)
