"""What the agent decides alone."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.agent.center_watch import REPEAT_SECONDS, due
from netops.agent.rules import (
    Breach,
    CrashLoop,
    History,
    ProbePolicy,
    ProbeRecord,
    Restart,
    RestartPolicy,
    Signs,
    Watch,
    after_exit,
    after_start,
    condition_of,
    delay_of,
    dependants_of,
    is_hung,
    next_rung,
    resume_at,
    start_order,
    starts_in_window,
    watch_step,
)
from netops.agent.settings import Center

POLICY = RestartPolicy()


def play(lives, policy=POLICY, chance=0.5, ready=True):
    """Starts a service that lives for each of `lives` seconds; the instants of its starts and the decisions."""
    at, history, starts, decisions = 1000.0, History(), [], []
    for life in lives:
        starts.append(at)
        history = after_start(policy, history, at)
        at += life
        history, decision = after_exit(policy, history, at=at, good_for=life if ready else 0.0, chance=chance)
        decisions.append(decision)
        at += decision.delay_seconds
    return starts, decisions


def test_the_first_failure_after_a_good_minute_is_repaired_at_once():
    _, decisions = play([60.0])
    assert decisions == [Restart(0.0)]


def test_quick_failures_wait_longer_and_longer_up_to_the_budget():
    _, decisions = play([0.2] * 5)
    assert decisions == [Restart(0.5), Restart(1.0), Restart(2.0), Restart(4.0), CrashLoop(300.0, True)]


def test_a_crash_loop_is_one_incident_with_one_try_per_five_minutes():
    starts, decisions = play([0.2] * 8)
    assert [
        decision for decision in decisions if isinstance(decision, CrashLoop) and decision.is_new
    ] == decisions[4:5]
    assert all(later - earlier >= 300 for earlier, later in itertools.pairwise(starts[4:]))


@pytest.mark.parametrize("life", [0.0, 0.2, 1.5, 8.0, 30.0, 59.0])
def test_a_service_that_dies_early_starts_at_most_six_times_in_ten_minutes(life):
    starts, _ = play([life] * 40)
    assert max(sum(1 for other in starts if start <= other < start + 600) for start in starts) <= 6


@given(st.lists(st.floats(0, 2000), min_size=1, max_size=60), st.floats(0, 0.999), st.booleans())
def test_no_pattern_of_lives_beats_the_budget(lives, chance, ready):
    starts, _ = play(lives, chance=chance, ready=ready)
    assert max(sum(1 for other in starts if start <= other < start + 599.9) for start in starts) <= 6


def test_a_good_minute_heals_a_crash_loop():
    _, decisions = play([0.2] * 5 + [700.0, 0.2])
    assert decisions[5:] == [Restart(0.0), Restart(0.5)]


def test_a_relapse_within_the_window_is_a_crash_loop_again_at_once():
    _, decisions = play([0.2] * 5 + [61.0])
    assert decisions[5] == CrashLoop(300.0, True)


@given(st.integers(1, 100), st.floats(0, 0.999))
def test_the_delay_stays_within_a_quarter_of_the_doubling_and_below_a_minute(failures, chance):
    plain = min(0.5 * 2 ** (failures - 1), 60.0)
    assert 0.75 * plain <= delay_of(POLICY, failures, chance) <= min(1.25 * plain, 60.0)


def test_starts_leave_the_window():
    history = after_start(POLICY, after_start(POLICY, History(), 10.0), 700.0)
    assert history.starts == (700.0,)
    assert starts_in_window(POLICY, history, 1301.0) == 0


def test_an_agent_that_restarts_keeps_the_waiting_times_of_the_one_before():
    assert resume_at(POLICY, History()) == 0.0
    assert resume_at(POLICY, History(starts=(50.0, 100.0), looping_since=101.0)) == 400.0
    assert resume_at(POLICY, History(starts=(100.0,), failures=2)) == 101.0


def record(answers: str) -> ProbeRecord:
    found = ProbeRecord()
    for answer in answers:
        found = found.after(answer == ".", ProbePolicy())
    return found


@pytest.mark.parametrize(
    ("answers", "signs", "hung"),
    [
        (".x", Signs(), False),
        (".xx", Signs(), True),
        ("x.x", Signs(), True),
        ("x..x", Signs(), False),
        (".x", Signs(is_stopped=True), True),
        (".", Signs(is_stopped=True), False),
        ("xxx", Signs(is_starved=True), False),
        (".x", Signs(is_stopped=True, is_starved=True), True),
        ("xxxxx", Signs(is_working=True), False),
        ("xxxxxx", Signs(is_working=True), True),
    ],
)
def test_missed_probes_mean_a_hang_only_when_nothing_else_explains_them(answers, signs, hung):
    assert is_hung(ProbePolicy(), record(answers), signs) is hung


def test_overload_never_enters_at_restart():
    assert next_rung("overload", "none", frozenset({"restart"})) is None
    assert next_rung("overload", "none", frozenset({"throttle", "restart"})) == "throttle"
    assert next_rung("overload", "throttle", frozenset({"throttle", "restart"})) is None


def test_overload_that_outlasts_throttle_and_drain_ends_in_a_restart():
    rungs = frozenset({"throttle", "drain", "restart"})
    path, rung = [], "none"
    while (rung := next_rung("overload", rung, rungs)) is not None:
        path.append(rung)
    assert path == ["throttle", "drain", "restart"]


def test_exhaustion_steps_over_what_a_service_does_not_have():
    assert next_rung("exhaustion", "none", frozenset({"restart"})) == "restart"
    assert next_rung("exhaustion", "restart", frozenset({"restart"})) is None


@pytest.mark.parametrize("trouble", ["overload", "exhaustion"])
def test_standby_and_reboot_need_a_person(trouble):
    everything = frozenset({"throttle", "drain", "restart", "restart_with_dependants", "standby", "reboot"})
    assert next_rung(trouble, "restart_with_dependants", everything) is None


WATCH = Watch(metric="rss_bytes", above=100.0, clear=80.0, for_seconds=60.0, clear_seconds=30.0)


def watched(values):
    breach, broken = Breach(), []
    for at, value in values:
        breach = watch_step(WATCH, breach, value, at)
        broken.append(breach.is_broken)
    return broken


def test_a_limit_must_be_exceeded_for_a_time_and_cleared_for_a_time():
    values = [(0, 110), (30, 110), (60, 110), (90, 70), (110, 90), (115, 70), (130, 70), (145, 70)]
    assert watched(values) == [False, False, True, True, True, True, True, False]


def test_a_value_that_falls_back_starts_the_time_anew():
    assert watched([(0, 110), (50, 95), (55, 110), (65, 110)]) == [False] * 4


def test_silence_changes_nothing():
    assert watched([(0, 110), (60, 110), (1000, None), (1001, 90)]) == [False, True, True, True]


NEEDS = {"web": ["db"], "db": [], "jobs": ["db"], "page": ["web"]}


def test_services_start_after_what_they_need():
    order = start_order(NEEDS)
    assert all(order.index(needed) < order.index(name) for name in NEEDS for needed in NEEDS[name])


def test_dependants_come_in_the_order_of_their_start():
    assert dependants_of("db", NEEDS) == ["web", "jobs", "page"]
    assert dependants_of("page", NEEDS) == []


@pytest.mark.parametrize(
    ("needs", "words"),
    [({"a": ["b"], "b": ["a"]}, "circle: a -> b -> a"), ({"a": ["x"]}, "depends on x, which is not")],
)
def test_impossible_orders_are_named(needs, words):
    with pytest.raises(ValueError, match=words):
        start_order(needs)


@pytest.mark.parametrize(
    ("failed", "unready", "pressure", "breached", "word"),
    [
        (0, 0, 0.1, False, "ok"),
        (0, 1, 0.1, False, "busy"),
        (0, 0, 0.4, False, "busy"),
        (0, 0, 0.7, False, "overloaded"),
        (0, 0, 0.0, True, "overloaded"),
        (1, 0, 0.9, True, "failed"),
    ],
)
def test_the_condition_of_a_node_is_one_word(failed, unready, pressure, breached, word):
    found = condition_of(
        services_failed=failed, services_unready=unready, cpu_pressure=pressure, is_breached=breached
    )
    assert found == word


def test_a_center_that_is_away_is_told_once_again_after_hours_and_when_it_is_back() -> None:
    center = Center(url="http://center", alarm=["tell"], alarm_after_seconds=300)
    assert due(center, 299, None) == ""
    assert due(center, 300, None) == "away"
    assert due(center, 310, 10) == ""
    assert due(center, 9_000 + REPEAT_SECONDS, REPEAT_SECONDS) == "away"
    assert due(center, 3, 20) == "back"
