"""What the center leaves out because it cannot have changed is the same as if it had looked."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.center.alerts.engine import Engine
from netops.center.alerts.rules import Rule
from netops.center.models import Node
from netops.center.nodes.state import Fleet, Measured, NodeState
from shared.nodes.report import SampleBatch, SampleRow, SharedNames
from tests.support.center_site import settings_of

RULES = [
    Rule(1, "hot", "cpu_ratio", "above", 60, 0.9, 0.7, 20, 60, 2),
    Rule(2, "cold", "cpu_ratio", "below", 30, 0.1, 0.2, 0, 20, 2),
    Rule(3, "odd", "cpu_ratio", "deviation", 60, 4.0, 2.0, 0, 60, 3, least_change=0.1),
    Rule(4, "full", "disk_used_ratio", "above", 120, 0.9, 0.85, 0, 60, 2),
]
WINDOWS = {"cpu_ratio": 60.0, "disk_used_ratio": 120.0}
VALUES = st.sampled_from([0.0, 0.05, 0.3, 0.5, 0.75, 0.89, 0.95, 1.0, None])
STEP = st.tuples(st.integers(1, 40), st.booleans(), VALUES, VALUES)


def engine_of(folder: Path) -> Engine:
    fleet = Fleet()
    fleet.windows = WINDOWS
    fleet.fill([Node(name="n", role="app", branch="B", public_key="", status="active")])
    engine = Engine(fleet, settings_of(folder))
    engine.rules, engine.moving = RULES, [RULES[2]]
    return engine


@given(steps=st.lists(STEP, min_size=1, max_size=60))
def test_a_calm_node_is_left_alone_and_stands_as_if_it_were_not(
    steps: list[tuple[int, bool, float | None, float | None]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.getbasetemp()
    quick, thorough = engine_of(folder), engine_of(folder)
    at = 1_000_000.0
    for place, (seconds, is_reporting, cpu, disk) in enumerate(steps):
        at += seconds
        found = []
        for engine in (quick, thorough):
            node = engine.fleet.get("n")
            assert node is not None
            if is_reporting:
                names, row = ["cpu_ratio", "disk_used_ratio"], SampleRow(place, [cpu, disk])
                node.received_at = datetime.fromtimestamp(at - 0.5, UTC)
                node.remember(SampleBatch(key=1, names=names, rows=[row]), at - 0.5, WINDOWS)
            found.append([(trouble.cause, facts) for trouble, facts in engine._rules_of(node, at, {}, {})])
        thorough.calm.clear()
        assert found[0] == found[1]
        assert {key: one.is_open for key, one in quick.standings.items()} == {
            key: one.is_open for key, one in thorough.standings.items()
        }


def test_a_calm_node_that_reported_nothing_new_is_not_looked_at_again(tmp_path: Path) -> None:
    engine = engine_of(tmp_path)
    node = engine.fleet.get("n")
    assert node is not None
    batch = SampleBatch(key=1, names=["cpu_ratio"], rows=[SampleRow(1, [0.3])])
    node.remember(batch, 99.0, WINDOWS)
    assert not list(engine._rules_of(node, 100.0, {}, {}))
    engine.standings.clear()
    assert not list(engine._rules_of(node, 105.0, {}, {}))
    assert {rule for rule, _node in engine.standings} == {3}
    node.remember(batch, 109.0, WINDOWS)
    assert not list(engine._rules_of(node, 110.0, {}, {}))
    assert {rule for rule, _node in engine.standings} == {1, 2, 3, 4}


def test_measurements_read_as_a_dictionary_of_them() -> None:
    names, row = ["a", "b", "c"], [1.0, None]
    measured = Measured(names, row)
    assert dict(measured) == dict(measured.items()) == {"a": 1.0, "b": None}
    assert (len(measured), set(measured), measured.get("c", 0.0)) == (2, {"a", "b"}, 0.0)
    assert "c" not in measured and "d" not in measured and measured["a"] == 1.0


@pytest.mark.parametrize("of", [list, SharedNames])
def test_of_a_metric_of_any_service_the_largest_value_is_kept(of: type[list[str]]) -> None:
    names = of(
        ["cpu_ratio", "service.a.jobs_waiting", "service.b.jobs_waiting", "service.b.jobs_waiting_more"]
    )
    rows = [
        SampleRow(1, [0.5, 3.0, 7.0, 99.0]),
        SampleRow(2, [0.5, 4.0]),
        SampleRow(3, [0.5, None, None, 1.0]),
    ]
    node = NodeState("n", "branch", "SH", "", "ed25519:n")
    windows = {"service.*.jobs_waiting": 60.0, "cpu_ratio": 60.0, "service.*.missing": 60.0}
    node.remember(SampleBatch(key=1, names=names, rows=rows), 10.0, windows)
    assert list(node.recent["service.*.jobs_waiting"]) == [(10.0, 7.0), (10.0, 4.0)]
    assert len(node.recent["cpu_ratio"]) == 3 and "service.*.missing" not in node.recent
