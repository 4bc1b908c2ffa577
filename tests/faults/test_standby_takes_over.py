"""A standby takes Shanghai over while people write, ordered by two persons or by itself; the former primary comes back, is
fenced, and hands over what headquarters had not seen. Real processes: headquarters, branch, standby, agent, center."""

import json
import os
import re
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import pytest

from branch_node.replication.snapshot_models import AccountSealing
from branch_node.setup import APPS as BRANCH_APPS
from shared import clock
from shared.database import open_database
from tests.support.agent import ROOT, RunningAgent, service
from tests.support.databases import Templates, apart
from tests.support.operators import PASSWORD as CENTER_PASSWORD
from tests.support.operators import Center, Operator
from tests.support.processes import Guest, SiteProcess, wait_until
from tests.support.world import PASSWORD, World, branch_settings, company, own_database

SITE = ("-m", "branch_node")
NO_ANSWER_SECONDS, ANSWER_SECONDS = "4", "30"
"""How long an invitation that is not good, and one that is, is waited for: the former eight times as long as the branch takes to look."""


def prepared_standby(world: World, folder: Path, stack: ExitStack, engine: str = "sqlite") -> SiteProcess:
    """Another machine for Shanghai, on a line of its own, that follows."""
    site = SiteProcess("standby", "branch_node", folder / "standby", BRANCH_APPS, branch_settings("SH"))
    site.settings["TRUNKLINE_HQ_URL"] = world.hq.url
    if engine == "postgres":
        site.settings["TRUNKLINE_DATABASE_URL"] = own_database()
    stack.callback(site.close)
    token = json.loads(world.hq.run("branches", "enrol", "SH", "--standby", "--json").stdout)["token"]
    site.run("standby", "follow", str(token), "--once")
    return site


def agent_of(
    standby: SiteProcess, folder: Path, primary: SiteProcess, head: str, more: str = ""
) -> RunningAgent:
    """An agent that runs the follower, and the site once it was promoted."""
    about = f'cwd = "{ROOT}"\nenv = {{ {env_of(standby)} }}'
    follow = service("follow", [sys.executable, *SITE, "standby", "follow", "--every", "0.3"], 0, about)
    web = service("web", [sys.executable, *SITE, "web"], standby.port, f"autostart = false\n{about}")
    promote = json.dumps([sys.executable, *SITE, "standby", "promote", "--json"])
    table = (
        f'[standby]\nof = "SH1"\npromote = {promote}\nends = ["follow"]\nstarts = ["web"]\n{about}\n'
        f'primary = "{primary.url}/healthz"\n{more}\n'
    )
    return RunningAgent(folder, f"{table}{follow}\n{web}", head)


def own_environment(site: SiteProcess) -> dict[str, str]:
    return {name: text for name, text in site.env.items() if os.environ.get(name) != text}


def env_of(site: SiteProcess) -> str:
    """The site's own environment, as a table of a node file."""
    return ", ".join(f'{name} = "{text}"' for name, text in own_environment(site).items())


async def invite_a_day_ago(site: SiteProcess) -> None:
    async with open_database(site.database_url, site.apps):
        await AccountSealing.filter(id=1).update(invited_at=clock.now() - timedelta(hours=25))


def write(guest: Guest, text: str) -> int:
    guest.open("/")
    return int(guest.send("/plan/items", follow=False, line=text, client_id=text).status_code)


def texts(site: SiteProcess) -> Counter[str]:
    return Counter(row["text"] for row in site.rows("SELECT text FROM plan_item"))


def hand_over_is_whole(world: World, first: SiteProcess, standby: SiteProcess, unseen: list[str]) -> None:
    """The former primary is back: it refuses writers, and what it alone had is with everybody, once."""
    guest = first.guests[0]
    accepted = list(unseen)

    def is_refused() -> bool:
        text = f"before the fence {len(accepted)}"
        status = write(guest, text)
        accepted.extend([text] * (status != 409))
        return status == 409

    wait_until(is_refused, 40, "the former primary is read-only", pause=0.5)
    world.branches["SH"] = standby
    wait_until(lambda: all(texts(standby)[text] == 1 for text in accepted), 60, "its rows are handed over")
    world.wait_synced()
    at_hq = texts(world.hq)
    assert [at_hq[text] for text in accepted] == [1] * len(accepted)
    world.wait_equal("SH")
    assert world.is_proved()


class Pairing:
    """Ada and Grace at the center, before the nodes of a branch (B1) and of its standby (T1)."""

    def __init__(self, center: Center, waiting: Path) -> None:
        self.ada, self.grace = Operator(center.url), Operator(center.url, "grace")
        self._waiting = waiting

    def order(self, node: str, verb: str, **typed: str) -> str:
        """The page of the command that Ada orders."""
        self.ada.open(f"/nodes/{node}/commands/new?verb={verb}")
        typed = {"reason": "a standby is set up", "lifetime": "now", **typed}
        return str(self.ada.send(f"/nodes/{node}/commands", **typed).url.path)

    def until_over(self, path: str) -> str:
        wait_until(lambda: self.ada.status(path) in ("done", "failed", "refused"), 60, f"{path} is over")
        return self.ada.status(path)

    def invite(self) -> str:
        """The invitation; nobody approves what they ordered, and nobody without the password."""
        path = self.order("B1", "standby.invite", password=CENTER_PASSWORD)
        self.ada.open(path)
        assert self.ada.send(f"{path}/approve", password=CENTER_PASSWORD).status_code == 403
        for password, status in (("guessed", 422), (CENTER_PASSWORD, 200)):
            self.grace.open(path)
            assert self.grace.send(f"{path}/approve", password=password).status_code == status
        assert self.until_over(path) == "done", self.ada.page
        found = re.search(r"tla1\.[A-Za-z0-9_.-]+", self.ada.page)
        assert found and found[0] not in self.grace.open(path)
        return found[0]

    def pair(self, invitation: str, *, is_good: bool = False) -> str:
        """How it ended; an answer is waited for longer than it ever takes."""
        self._waiting.write_text(ANSWER_SECONDS if is_good else NO_ANSWER_SECONDS)
        return self.until_over(self.order("T1", "standby.pair", invitation=invitation))


def node_of(center: Center, name: str, folder: Path, services: str, allow: str) -> RunningAgent:
    """An agent that the center knows and whose commands it may order."""
    center.enrol(name, "SH", folder)
    head = f'[center]\nurl = "{center.url}"\n[commands]\nallow = ["{allow}"]\n'
    return RunningAgent(folder, services, head, name)


@pytest.mark.parametrize("engines", [("sqlite", "postgres"), ("postgres", "sqlite")], ids=" to ".join)
def test_a_standby_on_the_other_engine_is_paired_at_the_center_and_an_invitation_that_is_not_good_is_told(
    engines: tuple[str, str], tmp_path: Path, templates: Templates
) -> None:
    """The pair is that of the branch and its standby; the latter's copy and the accounts are opened at the end."""
    engine, standbys = engines
    templates.require_postgres()
    with (
        ExitStack() as stack,
        company(["SH"], folder=tmp_path, hq_engine=engine, branch_engine=engine) as world,
    ):
        first = world.branch("SH")
        world.wait_synced()
        standby = prepared_standby(world, tmp_path, stack, standbys)
        center = Center(tmp_path / "center")
        center.run("migrate")
        center.add_people("ada", "grace")
        center.start()
        stack.callback(center.end)
        python = [sys.executable, *SITE, "standby"]
        own = [f"{name}={text}" for name, text in own_environment(first).items()]
        invite = f"[commands.actions]\nstandby_invite = {json.dumps(['env', '-C', str(ROOT), *own, *python, 'invite'])}\n"
        stack.enter_context(node_of(center, "B1", tmp_path / "b1", invite, "standby.invite"))
        waiting = tmp_path / "seconds"
        pair = f'exec {sys.executable} {" ".join(SITE)} standby pair --wait "$(cat {waiting})"'
        table = (
            f'[standby]\nof = "B1"\npromote = ["true"]\npair = {json.dumps(["sh", "-c", pair])}\n'
            f'cwd = "{ROOT}"\nenv = {{ {env_of(standby)} }}\n'
        )
        stack.enter_context(node_of(center, "T1", tmp_path / "t1", table, "standby.pair"))
        people = Pairing(center, waiting)
        for node, verb in (("B1", "standby.invite"), ("T1", "standby.pair")):
            wait_until(lambda node=node, verb=verb: verb in people.ada.open(f"/nodes/{node}/commands"), 20)  # type: ignore[misc]
        good = people.invite()
        scheme, secret, key = good.split(".")
        assert people.pair(f"{scheme}.{'x' * len(secret)}.{key}") == "failed"
        assert "has not answered the invitation" in people.ada.page
        apart(invite_a_day_ago(first))
        assert people.pair(good) == "failed", "older than a day"
        again = people.invite()
        assert people.pair(again, is_good=True) == "done", people.ada.page
        assert standby.one("SELECT bundle FROM sealed_accounts") and again not in people.ada.open("/audit")
        assert people.pair(again) == "failed", "it was used"
        people.ada.client.close(), people.grace.client.close()
        told = json.loads(standby.run("standby", "promote", "--json").stdout.splitlines()[-1])
        assert told["rows"] and told["accounts_at"], told
        standby.start()
        assert write(standby.sign_in("lin", PASSWORD), "at the standby") in (200, 303)
        world.branches["SH"] = standby
        world.wait_equal("SH")
        assert world.is_proved()


def test_two_persons_promote_a_standby_and_no_row_is_lost_or_there_twice(tmp_path: Path) -> None:
    with ExitStack() as stack, company(["SH"], folder=tmp_path) as world:
        first = world.branch("SH")
        lin = first.sign_in("lin", PASSWORD)
        assert write(lin, "kept by everybody") in (200, 303)
        world.wait_synced()
        standby = prepared_standby(world, tmp_path, stack)
        center = Center(tmp_path / "center")
        center.run("migrate")
        center.add_people("ada", "grace")
        center.start()
        stack.callback(center.end)
        node = tmp_path / "node"
        center.enrol("T1", "SH", node)
        invitation = json.loads(first.run("standby", "invite", "--json").stdout)["invitation"]
        standby.run("standby", "pair", invitation)
        head = f'[center]\nurl = "{center.url}"\n[commands]\nallow = ["standby.promote"]\n'
        with agent_of(standby, node, first, head) as agent:
            agent.until_state("follow", "running")
            wait_until(
                lambda: standby.one("SELECT number FROM sealed_accounts"),
                40,
                "the accounts are there, sealed",
            )
            assert standby.one("SELECT count(*) AS n FROM web_account") == 0
            world.line("SH").cut()
            unseen = [f"written with the line cut {number}" for number in range(5)]
            assert all(write(lin, text) in (200, 303) for text in unseen)
            ada, grace = Operator(center.url), Operator(center.url, "grace")
            wait_until(lambda: "standby.promote" in ada.open("/nodes/T1/commands"), 20)
            ask = "/nodes/T1/commands/new?verb=standby.promote"
            wait_until(lambda: "The standby itself reaches SH1" in ada.open(ask), 20)
            asked = {
                "action": "standby",
                "reason": "its disk dies",
                "lifetime": "now",
                "password": CENTER_PASSWORD,
            }
            path = ada.send("/nodes/T1/commands", **asked).url.path
            assert ada.status(path) == "command_approval" and agent.service("web")["state"] == "stopped"
            grace.open(path)
            grace.send(f"{path}/approve", password=CENTER_PASSWORD)
            wait_until(lambda: ada.status(path) in ("done", "failed"), 60)
            assert ada.status(path) == "done", ada.page
            assert agent.service("web")["is_ready"] and agent.service("follow")["state"] == "stopped"
            assert agent.ask("status")["state"]["is_promoted"]
            wait_until(lambda: "serves the branch" in ada.open("/nodes/T1/commands"), 20)
            assert "verb=standby.promote" not in ada.page
            assert "standby takes over" in ada.open("/recovery")
            assert write(standby.sign_in("lin", PASSWORD), "by the same person, at the standby") in (200, 303)
            world.line("SH").mend()
            hand_over_is_whole(world, first, standby, unseen)
            ada.client.close(), grace.client.close()


def test_a_standby_takes_over_by_itself_when_the_primary_is_gone(tmp_path: Path) -> None:
    with ExitStack() as stack, company(["SH"], folder=tmp_path) as world:
        first, line = world.branch("SH"), world.line("SH")
        lin = first.sign_in("lin", PASSWORD)
        standby = prepared_standby(world, tmp_path, stack)
        with agent_of(standby, tmp_path / "node", first, "", "automatic = true\ngone_seconds = 3") as agent:
            agent.until_state("follow", "running")
            line.cut()
            assert write(lin, "never seen by headquarters") in (200, 303)
            first.guests.pop().close()
            first.kill()
            agent.until_state("web", "running", seconds=60)
            causes = {"recovered": "primary_gone"}
            wait_until(lambda: {r["outcome"]: r["cause"] for r in agent.ask("recoveries")} == causes, 20)
            line.mend()
            first.start()
            first.sign_in("lin", PASSWORD)
            hand_over_is_whole(world, first, standby, ["never seen by headquarters"])


def set_up_anew(world: World, machine: SiteProcess, present: SiteProcess) -> None:
    """What the center advises for a machine whose place was taken: an empty database and a token of headquarters make it the
    standby of the node that has its place; everything else stays on its disk. Then it is invited."""
    if machine.is_alive:
        machine.stop()
    for file in machine.folder.glob("branch.db*"):
        file.unlink()
    token = json.loads(world.hq.run("branches", "enrol", "SH", "--standby", "--json").stdout)["token"]
    machine.run("standby", "follow", str(token), "--once")
    invitation = json.loads(present.run("standby", "invite", "--json").stdout)["invitation"]
    machine.run("standby", "pair", invitation)


def change_places(world: World, machine: SiteProcess, present: SiteProcess, line: str) -> None:
    """The branch goes to `machine` while `present` writes what headquarters does not see; both prove equal at the end."""
    set_up_anew(world, machine, present)
    while present.guests:
        present.guests.pop().close()
    guest = present.sign_in("lin", PASSWORD)
    present.kill()
    present.settings["TRUNKLINE_HQ_URL"] = "http://127.0.0.1:9"  # its line is cut
    present.start()
    assert write(guest, line) in (200, 303)
    told = json.loads(machine.run("standby", "promote", "--json").stdout.splitlines()[-1])
    assert told["rows"] and told["accounts_at"], told
    machine.start()
    present.kill()
    present.settings["TRUNKLINE_HQ_URL"] = world.hq.url
    present.start()
    hand_over_is_whole(world, present, machine, [line])
    assert write(machine.sign_in("lin", PASSWORD), f"after {line}") in (200, 303)


def test_two_machines_change_places_three_times_with_the_keys_they_have(tmp_path: Path) -> None:
    """The former primary becomes the standby, then the primary again, and is replaced once more."""
    with ExitStack() as stack, company(["SH"], folder=tmp_path) as world:
        first = world.branch("SH")
        first.settings["TRUNKLINE_HQ_URL"] = world.hq.url
        second = SiteProcess("second", "branch_node", tmp_path / "second", BRANCH_APPS, branch_settings("SH"))
        second.settings["TRUNKLINE_HQ_URL"] = world.hq.url
        stack.callback(second.close)
        world.wait_synced()
        change_places(world, second, first, "seen by the first alone")
        change_places(world, first, second, "seen by the second alone")
        change_places(world, second, first, "seen by the first alone, again")
