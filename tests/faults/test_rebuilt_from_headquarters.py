"""A branch whose database is torn out is rebuilt from headquarters, over a line that is cut again and again; a standby
follows and takes over while people write. Real processes."""

import json
import random
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from branch_node.setup import APPS as BRANCH_APPS
from tests.faults.test_damage_is_mended import damage
from tests.support.processes import SiteProcess, wait_until
from tests.support.world import BESIDE_SECONDS, PASSWORD, World, branch_settings, company, own_database


def spare(world: World, folder: Path, name: str, stack: ExitStack, engine: str = "sqlite") -> SiteProcess:
    """Another machine for Shanghai, empty, that reaches headquarters over the branch's line."""
    site = SiteProcess(name, "branch_node", folder / name, BRANCH_APPS, branch_settings("SH"))
    if engine == "postgres":
        site.settings["TRUNKLINE_DATABASE_URL"] = own_database()
    site.settings["TRUNKLINE_HQ_URL"] = world.line("SH").url
    stack.callback(site.close)
    return site


def token(world: World, *words: str) -> str:
    return str(json.loads(world.hq.run("branches", *words, "--json").stdout)["token"])


def write_plan_line(branch: SiteProcess, text: str) -> bool:
    """Whether it was accepted; a fenced branch refuses it."""
    lin = branch.sign_in("lin", PASSWORD)
    lin.open("/")
    status = lin.send("/plan/items", follow=False, line=text, client_id=text).status_code
    assert status in (200, 303, 409)
    return bool(status != 409)


def last_line(done: Any) -> dict[str, Any]:
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def test_a_branch_is_rebuilt_and_a_standby_takes_over(tmp_path: Path) -> None:
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    pick = random.Random(seed)
    with ExitStack() as stack, company(["SH"], folder=tmp_path, heartbeat_seconds=BESIDE_SECONDS) as world:
        first, line = world.branch("SH"), world.line("SH")
        write_plan_line(first, "kept by everybody")
        world.wait_synced()

        follower = spare(world, tmp_path, "follower", stack)
        damage(world.hq)
        follower.run("standby", "follow", token(world, "enrol", "SH", "--standby"), "--once")
        mended = world.hq.run("scrub", "--branch", "SH", "--wait", "60").stdout
        assert "differed and was mended" in mended, "after the standby had copied the damage"
        assert follower.run("web", check=False).returncode == 1, "a standby is not a branch"
        write_plan_line(first, "written while the standby was away")
        world.wait_synced()
        for _ in range(4):
            line.cut_after(pick.randrange(200, 20_000), "down")
        promoted = last_line(follower.run("standby", "promote", "--json"))
        assert promoted["what"] == "promoted" and promoted["position"] > 0

        was_accepted = write_plan_line(first, "by the old node, after the fence")
        wait_until(
            lambda: "node.fenced" in first.log and "handed_over" in first.log, 30, "the old node is fenced"
        )
        first.kill()
        world.branches["SH"] = follower
        follower.start()
        follower.run("user", "add", "late", "--employee", first.one("SELECT number FROM employee LIMIT 1"), "--password-stdin", typed=f"{PASSWORD}\n")  # fmt: skip
        late = follower.sign_in("late", PASSWORD)
        late.open("/")
        late.send("/plan/items", follow=False, line="by the new node", client_id="new")
        world.wait_synced()
        fenced_text = "by the old node, after the fence"

        def at_headquarters() -> set[str]:
            return {row["text"] for row in world.hq.rows("SELECT text FROM plan_item")}

        wait_until(lambda: (fenced_text in at_headquarters()) == was_accepted, 30, "it was handed over")
        world.wait_synced()
        texts = at_headquarters()
        assert {"kept by everybody", "written while the standby was away", "by the new node"} <= texts
        world.wait_equal("SH")
        assert world.is_proved()

        follower.kill()
        again = spare(world, tmp_path, "again", stack)
        rebuild = token(world, "rebuild", "SH")
        for count in (
            100,
            *(pick.randrange(200, 40_000) for _ in range(4)),
        ):  # the first in the answer to the token
            line.cut_after(count, "down")
        rebuilt = last_line(again.run("bootstrap", rebuild, "--json"))
        assert rebuilt["what"] == "rebuilt"
        world.branches["SH"] = again
        again.run("staff", "X-9", "Somebody new")
        again.start()
        world.wait_synced()
        world.wait_equal("SH")
        assert world.is_proved()
        assert again.one("SELECT count(*) AS n FROM exchange_rate WHERE branch = 'COMPANY'") > 0


@pytest.mark.postgres
def test_a_branch_on_postgresql_is_rebuilt_from_headquarters_on_postgresql(tmp_path: Path) -> None:
    with (
        ExitStack() as stack,
        company(
            ["SH"], folder=tmp_path, hq_engine="postgres", branch_engine="postgres", seeded=False
        ) as world,
    ):
        world.wait_synced()
        world.branch("SH").kill()
        again = spare(world, tmp_path, "again", stack, "postgres")
        rebuild = token(world, "rebuild", "SH")
        world.line("SH").cut_after(100, "down")
        world.line("SH").cut_after(3_000, "down")
        assert last_line(again.run("bootstrap", rebuild, "--json"))["what"] == "rebuilt"
        world.branches["SH"] = again
        again.run("staff", "X-9", "Somebody new")
        again.start()
        world.wait_synced()
        assert again.one("SELECT COUNT(*) AS n FROM role_grant WHERE branch = 'SH'") > 0
        world.wait_equal("SH")
        assert world.is_proved()


def test_rows_that_were_changed_at_headquarters_are_not_opened_as_the_branchs_and_the_message_says_what_to_do(
    tmp_path: Path,
) -> None:
    with ExitStack() as stack, company(["SH"], folder=tmp_path) as world:
        world.wait_synced()
        world.branch("SH").kill()
        damage(world.hq)
        machine = spare(world, tmp_path, "machine", stack)
        done = machine.run("bootstrap", token(world, "rebuild", "SH"), check=False)
        assert done.returncode == 1
        assert "role_grant 的数据仍与网点当初核实的不一致：数据在总部被改动过" in done.stderr
        assert machine.run("web", check=False).returncode == 1, "what is not proved is not opened"
