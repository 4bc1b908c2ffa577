"""A branch works whatever its line does, and headquarters has everything once the line is back: real processes."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import Guest
from tests.support.world import PASSWORD, World, company

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Shanghai and Paris with their books; one company for all tests here."""
    with company(["SH", "PAR"], folder=tmp_path_factory.mktemp("company")) as found:
        yield found


@pytest.fixture
def world(running: World) -> World:
    """The company with every line mended and headquarters up to date."""
    for line in running.lines.values():
        line.mend()
    running.wait_synced()
    return running


def plan(seller: Guest, line: str) -> None:
    """Type a line into today's plan, as one does."""
    seller.open("/")
    answer = seller.send("/plan/items", line=line)
    assert answer.status_code == 200, seller.text()[:300]


def planned_at(world: World, site: str, text: str) -> int:
    """How many items with this text a site holds."""
    place = world.hq if site == "HQ" else world.branch(site)
    return int(place.one("SELECT COUNT(*) AS n FROM plan_item WHERE text LIKE :text", text=f"%{text}%"))


def test_what_a_branch_did_with_the_line_cut_reaches_headquarters_when_it_is_mended(world: World) -> None:
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    world.line("SH").cut()
    for number in range(5):
        plan(lin, f"cable is cut {number}")
    assert planned_at(world, "SH", "cable is cut") == 5
    assert planned_at(world, "HQ", "cable is cut") == 0
    world.line("SH").mend()
    world.wait_synced("SH")
    assert planned_at(world, "HQ", "cable is cut") == 5
    world.wait_equal("SH")
    assert world.is_proved()


def test_answers_that_get_lost_make_nothing_double(world: World) -> None:
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    world.line("SH").lose("down")
    plan(lin, "answer gets lost")
    world.line("SH").drop()
    world.line("SH").mend()
    plan(lin, "answer arrives")
    world.wait_synced("SH")
    assert planned_at(world, "HQ", "answer") == 2
    world.wait_equal("SH")
    assert world.is_proved()


def test_batches_that_arrive_in_another_order_change_nothing(world: World) -> None:
    lin, line = world.branch("SH").sign_in("lin", PASSWORD), world.line("SH")
    before = line.traffic.overtaken
    for number in range(4):
        line.overtake()
        line.drop()  # the next request comes on a connection of its own
        plan(lin, f"overtaken {number}")
    line.mend()
    world.wait_synced("SH")
    assert line.traffic.overtaken > before
    assert planned_at(world, "HQ", "overtaken") == 4
    world.wait_equal("SH")
    assert world.is_proved()


def test_a_line_that_misbehaves_loses_nothing(world: World) -> None:
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    world.line("SH").misbehave(0.5)
    for number in range(12):
        world.line("SH").drop()
        plan(lin, f"bad weather {number}")
    world.line("SH").mend()
    world.wait_synced("SH")
    assert planned_at(world, "HQ", "bad weather") == 12
    world.wait_equal("SH")
    assert world.is_proved()


@pytest.mark.parametrize("fault", ["half-open", "nothing goes up", "nothing comes down"])
def test_a_line_that_stays_open_and_carries_nothing_loses_nothing(world: World, fault: str) -> None:
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    line = world.line("SH")
    faults = {
        "half-open": line.hang, "nothing goes up": lambda: line.lose("up"), "nothing comes down": lambda: line.lose("down")
    }  # fmt: skip
    faults[fault]()
    for number in range(3):
        plan(lin, f"{fault} {number}")
    if fault != "nothing comes down":
        assert planned_at(world, "HQ", fault) == 0, "headquarters hears nothing"
    line.mend()
    world.wait_synced("SH")
    assert planned_at(world, "HQ", fault) == 3
    world.wait_equal("SH")
    assert world.is_proved()


def test_both_ends_killed_in_the_middle_lose_and_double_nothing(world: World) -> None:
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    plan(lin, "before the power cut")
    world.hq.kill()
    plan(lin, "headquarters is dark")
    world.branch("SH").kill()
    world.hq.start()
    world.branch("SH").start()
    lin = world.branch("SH").sign_in("lin", PASSWORD)
    plan(lin, "light again")
    world.wait_synced()
    for text in ("before the power cut", "headquarters is dark", "light again"):
        assert planned_at(world, "HQ", text) == 1
    assert [world.differences(code) for code in ("SH", "PAR")] == [[], []]
    assert world.is_proved()


def test_a_branch_whose_line_is_cut_does_not_hold_up_the_others(world: World) -> None:
    world.line("SH").cut()
    camille = world.branch("PAR").sign_in("camille", PASSWORD)
    plan(camille, "visit with the line of Shanghai cut")
    world.wait_synced("PAR")
    assert planned_at(world, "HQ", "Shanghai cut") == 1


@pytest.mark.postgres
def test_headquarters_on_postgresql_holds_the_same(tmp_path: Path) -> None:
    with company(["SH"], folder=tmp_path, hq_engine="postgres") as world:
        lin = world.branch("SH").sign_in("lin", PASSWORD)
        world.line("SH").cut()
        plan(lin, "to another engine")
        world.line("SH").mend()
        world.wait_synced()
        assert planned_at(world, "HQ", "to another engine") == 1
        world.wait_equal("SH")
        assert world.is_proved()
