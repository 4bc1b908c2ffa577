"""What explains what: by place, in time, and never what measures a machine."""

import random
from dataclasses import replace

import pytest

from netops.center.alerts.causes import AFTER_SECONDS, BEFORE_SECONDS, BROKEN, DOWN, Seen, causes_of
from netops.center.alerts.topology import Place

LAG = "service.web.replication_lag_seconds"
PLACES = {
    "sh1": Place("SH"), "sh2": Place("SH"), "par": Place("PAR"), "hq": Place("", is_headquarters=True),
}  # fmt: skip


def seen(id: str, kind: str, *nodes: str, at: float = 1_000.0, **more: object) -> Seen:
    return Seen(id, kind, at, frozenset(nodes), **more)  # type: ignore[arg-type]


def lag(id: str, *nodes: str, at: float = 1_000.0, **more: object) -> Seen:
    return seen(id, "rule", *nodes, at=at, metric=LAG, **more)


@pytest.mark.parametrize("kind", sorted(DOWN))
def test_a_silent_place_explains_services_alerts_and_lag_there_and_nothing_elsewhere(kind: str) -> None:
    down = seen("d", kind, "sh1", "sh2")
    there = [*(seen(k, k, "sh1") for k in sorted(BROKEN)), seen("a", "alertmanager", "sh2"), lag("l", "sh1")]
    elsewhere = [seen("x", "unhealthy", "par"), seen("y", "alertmanager", "par"), seen("z", "alertmanager")]
    assert causes_of([down, *there, *elsewhere], PLACES, 1_000) == dict.fromkeys([s.id for s in there], "d")


def test_load_of_a_machine_is_explained_by_nothing_it_may_be_the_reason() -> None:
    hot = seen("r", "rule", "sh1", metric="cpu_ratio")
    assert causes_of([seen("d", "silent", "sh1"), hot, seen("c", "crash_loop", "sh1")], PLACES, 1_000) == {
        "c": "d"
    }
    assert causes_of([hot, seen("c", "crash_loop", "sh1")], PLACES, 1_000) == {}


def test_load_of_a_machine_explains_the_starved_agents_there_and_no_others() -> None:
    hot = seen("r", "rule", "sh1", "sh2", metric="cpu_ratio")
    starved = [seen(node, "rule", node, metric="agent_lag_seconds") for node in ("sh1", "par")]
    assert causes_of([hot, *starved], PLACES, 1_000) == {"sh1": "r"}
    assert causes_of([seen("m", "rule", "sh1", metric="memory_used_ratio"), *starved], PLACES, 1_000) == {}


def test_a_service_that_does_not_run_explains_the_lag_of_its_node_and_a_silent_node_comes_first() -> None:
    broken, late = seen("c", "crash_loop", "sh1"), lag("l", "sh1")
    assert causes_of([broken, late, lag("m", "sh2")], PLACES, 1_000) == {"l": "c"}
    assert causes_of([broken, late, seen("d", "silent", "sh1")], PLACES, 1_000) == {"l": "d", "c": "d"}


def test_headquarters_explains_the_lag_of_every_branch_but_no_service_of_theirs() -> None:
    others = [lag("l", "sh1"), lag("m", "par"), seen("c", "crash_loop", "sh2")]
    for kind in ("silent", "given_up"):
        assert causes_of([seen("h", kind, "hq"), *others], PLACES, 1_000) == {"l": "h", "m": "h"}


def test_an_effect_may_be_known_before_its_cause_but_not_long_before() -> None:
    down = seen("d", "silent", "sh1", at=2_000)
    for early, is_linked in ((BEFORE_SECONDS - 1, True), (BEFORE_SECONDS + 1, False)):
        effect = seen("c", "crash_loop", "sh1", at=2_000 - early)
        assert bool(causes_of([down, effect], PLACES, 2_000)) is is_linked


def test_what_outlasts_its_cause_stands_for_itself_after_a_while() -> None:
    over, linked = seen("d", "silent", "sh1", closed_at=2_000.0), lag("l", "sh1", caused_by="d")
    assert causes_of([over, linked], PLACES, 2_000 + AFTER_SECONDS - 1) == {"l": "d"}
    assert causes_of([over, linked], PLACES, 2_000 + AFTER_SECONDS) == {}
    assert causes_of([over, replace(linked, caused_by="")], PLACES, 2_001) == {}, (
        "nothing new is linked to it"
    )


def test_no_incident_explains_itself_nor_its_cause_and_the_order_does_not_matter() -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    kinds = [*DOWN, *BROKEN, "rule", "alertmanager", "center", "recorder"]
    for _round in range(300):
        found = [
            seen(
                str(n), pick.choice(kinds), *pick.sample(sorted(PLACES), pick.randint(0, 4)),
                at=pick.uniform(0, 900), metric=pick.choice([LAG, "cpu_ratio", "agent_lag_seconds"]), closed_at=pick.choice([None, None, 950.0]),
                caused_by=pick.choice(["", "1", "2"]),
            )
            for n in range(pick.randint(1, 9))
        ]  # fmt: skip
        links = causes_of(found, PLACES, 1_000)
        by_id = {one.id: one for one in found}
        for effect, cause in links.items():
            assert by_id[effect].closed_at is None and by_id[effect].kind not in DOWN
            assert links.get(cause) is None or by_id[cause].kind in BROKEN, "at most two steps"
            way = [effect]
            while way[-1] in links:
                way.append(links[way[-1]])
                assert len(way) == len(set(way)), "no circle"
        pick.shuffle(found)
        assert causes_of(found, PLACES, 1_000) == links
