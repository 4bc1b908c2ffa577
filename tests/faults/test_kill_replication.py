"""kill -9 of a branch and of headquarters while people work: nothing acknowledged is lost, nothing is there twice.

Real processes, real sockets, a line in between that is cut as well. The seed is printed.
"""

import random
import re
import time
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

from tests.support.databases import ENGINES
from tests.support.processes import Guest, SiteProcess, standing_still, wait_until
from tests.support.world import PASSWORD, World, company

KILLS = 10
PEOPLE = ("lin", "zhao")


class Writer:
    """Somebody who goes on writing plan lines whatever happens to the branch; remembers what was acknowledged."""

    def __init__(self, branch: SiteProcess, username: str) -> None:
        self.branch, self.username = branch, username
        self.guest: Guest | None = None
        self.acknowledged: list[str] = []
        self.tried: list[str] = []

    def write(self) -> None:
        """One line; remembered as acknowledged only when the branch said so."""
        text = f"call {uuid4().hex}"
        try:
            if self.guest is None:
                self.guest = self.branch.sign_in(self.username, PASSWORD)
                self.guest.open("/")
            self.tried.append(text)
            answer = self.guest.send("/plan/items", follow=False, line=text, client_id=uuid4().hex)
        except (httpx.HTTPError, AssertionError):
            self.guest = None
            return
        if answer.status_code in (200, 303):
            self.acknowledged.append(text)


def work_under_kills(world: World, seed: int) -> list[Writer]:
    """Ten kills at random moments, of the branch or of headquarters, some with the line cut."""
    pick = random.Random(seed)
    branch = world.branch("SH")
    writers = [Writer(branch, name) for name in PEOPLE]
    for number in range(KILLS):
        victim = pick.choice([branch, world.hq])
        until = time.monotonic() + pick.uniform(0.2, 1.2)
        while time.monotonic() < until:
            pick.choice(writers).write()
        if number % 4 == 1:
            world.line("SH").cut()
        victim.kill()
        pick.choice(writers).write()
        victim.start()
        world.line("SH").mend()
    return writers


def lines_at(site: SiteProcess) -> list[str]:
    """Texts of all plan items that begin as ours do."""
    return [row["text"] for row in site.rows("SELECT text FROM plan_item WHERE text LIKE '%call %'")]


@pytest.mark.slow
@pytest.mark.parametrize("engine", ENGINES)
def test_ten_kills_lose_nothing_and_double_nothing(engine: str, tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    with company(["SH"], folder=tmp_path, hq_engine=engine) as world:
        world.wait_synced()
        writers = work_under_kills(world, seed)
        world.wait_synced()
        at_branch, at_hq = lines_at(world.branch("SH")), lines_at(world.hq)
        acknowledged = [text for writer in writers for text in writer.acknowledged]
        assert len(acknowledged) > KILLS, "the people got some work done"
        written = [re.sub(r".*(call [0-9a-f]{32}).*", r"\1", text) for text in at_hq]
        assert not set(acknowledged) - set(written), "an acknowledged line is lost"
        assert len(written) == len(set(written)), "a line is there twice"
        assert sorted(at_branch) == sorted(at_hq)
        world.wait_equal("SH")
        assert world.is_proved()


def test_a_branch_works_on_while_the_line_is_cut_and_catches_up(tmp_path: Path) -> None:
    with company(["SH"], folder=tmp_path) as world:
        world.wait_synced()
        lin = Writer(world.branch("SH"), "lin")
        lin.write()
        world.wait_synced()
        world.line("SH").cut()
        known = standing_still(lambda: world.position("SH")[0])
        for _ in range(5):
            lin.write()
        assert len(lin.acknowledged) == 6
        time.sleep(1)
        assert world.position("SH")[0] == known, "nothing gets through a cut line"
        world.line("SH").mend()
        world.wait_synced()
        assert world.is_proved()
        wait_until(lambda: len(lines_at(world.hq)) >= 6, 10, "the lines are at headquarters")
