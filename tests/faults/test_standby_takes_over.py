"""A standby takes Shanghai over while people write, ordered by two persons or by itself; the former primary comes back, is
fenced, hands over what headquarters had not seen, and may change places with it again. Real processes: headquarters, branch,
standby, agents, center."""

import json
import os
import re
import sys
from collections import Counter
from contextlib import ExitStack
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from branch_node.replication.snapshot_models import AccountSealing
from branch_node.setup import APPS as BRANCH_APPS
from shared import clock
from shared.database import open_database
from shared.load_state import FILE_NAME
from tests.support.agent import ROOT, RunningAgent, service
from tests.support.databases import apart
from tests.support.link import Link
from tests.support.operators import PASSWORD as CENTER_PASSWORD
from tests.support.operators import Center, Operator
from tests.support.processes import Guest, SiteProcess, wait_until
from tests.support.world import PASSWORD, World, branch_settings, company, own_database

SITE = ("-m", "branch_node")
NO_ANSWER_SECONDS, ANSWER_SECONDS = "4", "30"
"""How long an invitation that is not good, and one that is, is waited for: the former eight times as long as the branch takes to look."""


def prepared_standby(
    world: World, folder: Path, stack: ExitStack, engine: str = "sqlite", hq_url: str = ""
) -> SiteProcess:
    """Another machine for Shanghai, on a line of its own, that follows."""
    site = SiteProcess("standby", "branch_node", folder / "standby", BRANCH_APPS, branch_settings("SH"))
    site.settings["TRUNKLINE_HQ_URL"] = hq_url or world.hq.url
    if engine == "postgres":
        site.settings["TRUNKLINE_DATABASE_URL"] = own_database()
    stack.callback(site.close)
    follow_anew(world, site)
    return site


def follow_anew(world: World, site: SiteProcess) -> None:
    """With a token of headquarters it becomes the standby of the node that has the branch's place."""
    token = json.loads(world.hq.run("branches", "enrol", "SH", "--standby", "--json").stdout)["token"]
    site.run("standby", "follow", str(token), "--once")


def standby_services(site: SiteProcess, of: str, primary: SiteProcess, more: str = "") -> str:
    """Of a node file: the follower, and the site once it was promoted."""
    follow = service(
        "follow", [sys.executable, *SITE, "standby", "follow", "--every", "0.3"], 0, run_as(site)
    )
    promote, pair = (
        [sys.executable, *SITE, "standby", *words] for words in (["promote", "--json"], ["pair"])
    )
    return (
        f'[standby]\nof = "{of}"\npromote = {json.dumps(promote)}\npair = {json.dumps(pair)}\n{run_as(site)}\n'
        f'ends = ["follow"]\nstarts = ["web"]\nprimary = "{primary.url}/healthz"\n{more}\n'
        f"{follow}\n{web_of(site, 'autostart = false')}"
    )


def web_of(site: SiteProcess, more: str = "") -> str:
    """Of a node file: the site, which knows of its fence."""
    about = f'load_file = "{site.folder / FILE_NAME}"\n{run_as(site)}\n{more}'
    return service("web", [sys.executable, *SITE, "web"], site.port, about)


def run_as(site: SiteProcess) -> str:
    return f'cwd = "{ROOT}"\nenv = {{ {env_of(site)} }}'


def invites(site: SiteProcess) -> str:
    """Of a node file: the action that prints an invitation of this site."""
    own = [f"{name}={text}" for name, text in own_environment(site).items()]
    command = ["env", "-C", str(ROOT), *own, sys.executable, *SITE, "standby", "invite"]
    return f"[commands.actions]\nstandby_invite = {json.dumps(command)}\n"


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
        text = f"{unseen[0]}, and before the fence {len(accepted)}"
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

    def invite(self, node: str = "B1") -> str:
        """The invitation; nobody approves what they ordered, and nobody without the password."""
        path = self.order(node, "standby.invite", password=CENTER_PASSWORD)
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

    def promote(self, node: str) -> None:
        """Ada orders, Grace approves, it is done."""
        path = self.order(node, "standby.promote", action="standby", password=CENTER_PASSWORD)
        assert self.ada.status(path) == "command_approval", self.ada.page
        self.grace.open(path)
        self.grace.send(f"{path}/approve", password=CENTER_PASSWORD)
        assert self.until_over(path) == "done", self.ada.page

    def until_page(self, path: str, words: str) -> str:
        wait_until(lambda: words in self.ada.open(path), 30, f"{path} says: {words}", pause=0.2)
        return self.ada.page

    def close(self) -> None:
        self.ada.client.close(), self.grace.client.close()


def node_of(center: Center, name: str, folder: Path, services: str, allow: str) -> RunningAgent:
    """An agent that the center knows and whose commands it may order."""
    center.enrol(name, "SH", folder)
    return RunningAgent(folder, services, head_of(center, allow), name)


def head_of(center: Center, allow: str) -> str:
    return f'[center]\nurl = "{center.url}"\n[commands]\nallow = ["{allow}"]\n'


def with_people(center: Center, stack: ExitStack, waiting: Path) -> Pairing:
    """The center, started, with Ada and Grace before it."""
    center.run("migrate")
    center.add_people("ada", "grace")
    center.start()
    stack.callback(center.end)
    people = Pairing(center, waiting)
    stack.callback(people.close)
    return people


@pytest.mark.postgres
@pytest.mark.parametrize("engines", [("sqlite", "postgres"), ("postgres", "sqlite")], ids=" to ".join)
def test_a_standby_on_the_other_engine_is_paired_at_the_center_and_an_invitation_that_is_not_good_is_told(
    engines: tuple[str, str], tmp_path: Path
) -> None:
    """The pair is that of the branch and its standby; the latter's copy and the accounts are opened at the end."""
    engine, standbys = engines
    with (
        ExitStack() as stack,
        company(["SH"], folder=tmp_path, hq_engine=engine, branch_engine=engine) as world,
    ):
        first = world.branch("SH")
        world.wait_synced()
        standby = prepared_standby(world, tmp_path, stack, standbys)
        center, waiting = Center(tmp_path / "center"), tmp_path / "seconds"
        people = with_people(center, stack, waiting)
        stack.enter_context(node_of(center, "B1", tmp_path / "b1", invites(first), "standby.invite"))
        pair = f'exec {sys.executable} {" ".join(SITE)} standby pair --wait "$(cat {waiting})"'
        table = (
            f'[standby]\nof = "B1"\npromote = ["true"]\npair = {json.dumps(["sh", "-c", pair])}\n'
            f'cwd = "{ROOT}"\nenv = {{ {env_of(standby)} }}\n'
        )
        stack.enter_context(node_of(center, "T1", tmp_path / "t1", table, "standby.pair"))
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
        told = json.loads(standby.run("standby", "promote", "--json").stdout.splitlines()[-1])
        assert told["rows"] and told["accounts_at"], told
        standby.start()
        assert write(standby.sign_in("lin", PASSWORD), "at the standby") in (200, 303)
        world.branches["SH"] = standby
        world.wait_equal("SH")
        assert world.is_proved()


def test_two_persons_promote_a_standby_and_the_former_primary_takes_its_place_back(tmp_path: Path) -> None:
    """By the center's pages, and on the machines what these say; no row is lost or there twice."""
    with ExitStack() as stack, company(["SH"], folder=tmp_path, started=False) as world:
        first, line = world.branch("SH"), world.line("SH")
        own_line = stack.enter_context(Link(("127.0.0.1", world.hq.port), name="line of the standby"))
        center = Center(tmp_path / "center")
        people = with_people(center, stack, tmp_path / "seconds")
        here = stack.enter_context(
            node_of(center, "SH1", tmp_path / "n1", invites(first) + web_of(first), "standby.*")
        )
        here.until_ready("web")
        lin = first.sign_in("lin", PASSWORD)
        assert write(lin, "kept by everybody") in (200, 303)
        world.wait_synced()
        standby = prepared_standby(world, tmp_path, stack, hq_url=own_line.url)
        file = invites(standby) + standby_services(standby, "SH1", first)
        there = stack.enter_context(node_of(center, "T1", tmp_path / "n2", file, "standby.*"))
        there.until_state("follow", "running")
        people.until_page("/nodes/T1/commands", "standby.pair")
        paired(people, "SH1", "T1")
        wait_until(
            lambda: standby.one("SELECT number FROM sealed_accounts"), 40, "the accounts are there, sealed"
        )
        assert standby.one("SELECT count(*) AS n FROM web_account") == 0

        line.cut()
        unseen = [f"written with the line cut {number}" for number in range(5)]
        assert all(write(lin, text) in (200, 303) for text in unseen)
        people.until_page("/nodes/T1/commands/new?verb=standby.promote", "The standby itself reaches SH1")
        assert there.service("web")["state"] == "stopped"
        people.promote("T1")
        assert there.service("web")["is_ready"] and there.service("follow")["state"] == "stopped"
        assert there.ask("status")["state"]["is_promoted"]
        page = people.until_page("/nodes/T1/commands", "serves the branch")
        assert "verb=standby.promote" not in page
        assert "standby takes over" in people.ada.open("/recovery")
        wang = standby.sign_in("lin", PASSWORD)
        assert write(wang, "by the same person, at the standby") in (200, 303)
        assert "Its site does not know yet" in people.until_page(
            "/nodes/SH1", "T1 took the place of this node"
        )
        line.mend()
        hand_over_is_whole(world, first, standby, unseen)
        people.until_page("/nodes/SH1", "It is fenced")

        assert "with an empty database and a token of headquarters" in people.ada.page
        here.end()
        for left in first.folder.glob("branch.db*"):
            left.unlink()
        follow_anew(world, first)
        here.write(invites(first) + standby_services(first, "T1", standby), head_of(center, "standby.*"))
        here.start()
        here.until_state("follow", "running")
        people.until_page("/nodes/SH1/commands", "standby.pair")
        assert "took the place" not in people.ada.open("/nodes/SH1")
        paired(people, "T1", "SH1")
        wait_until(
            lambda: first.one("SELECT number FROM sealed_accounts"), 40, "the accounts are there again"
        )

        own_line.cut()
        unseen = [f"seen by the standby alone {number}" for number in range(3)]
        assert all(write(wang, text) in (200, 303) for text in unseen)
        people.until_page("/nodes/SH1/commands/new?verb=standby.promote", "The standby itself reaches T1")
        people.promote("SH1")
        assert here.service("web")["is_ready"] and here.ask("status")["state"]["is_promoted"]
        people.until_page("/nodes/T1", "SH1 took the place of this node")
        people.until_page("/nodes/SH1", "This node has the place of T1: it serves the branch")
        own_line.mend()
        hand_over_is_whole(world, standby, first, unseen)
        people.until_page("/nodes/T1", "It is fenced")
        assert write(first.sign_in("lin", PASSWORD), "back at the first") in (200, 303)
        kept = texts(first)
        written = ["kept by everybody", "by the same person, at the standby", "back at the first", *unseen]
        assert [kept[text] for text in written] == [1] * len(written)


def paired(people: Pairing, node: str, standby: str) -> None:
    """The invitation of `node` is carried to its standby by the press that the page of the former offers."""
    invitation = people.invite(node)
    offer = re.search(rf'href="(/nodes/{standby}/commands/new\?verb=standby.pair[^"]*)"', people.ada.page)
    assert offer and invitation in people.ada.open(unescape(offer[1]))
    typed = {"reason": "a standby is set up", "lifetime": "now", "invitation": invitation}
    path = people.ada.send(f"/nodes/{standby}/commands", **typed).url.path
    assert people.until_over(str(path)) == "done", people.ada.page


def test_a_standby_takes_over_by_itself_when_the_primary_is_gone(tmp_path: Path) -> None:
    with ExitStack() as stack, company(["SH"], folder=tmp_path) as world:
        first, line = world.branch("SH"), world.line("SH")
        lin = first.sign_in("lin", PASSWORD)
        standby = prepared_standby(world, tmp_path, stack)
        file = standby_services(standby, "SH1", first, "automatic = true\ngone_seconds = 3")
        with RunningAgent(tmp_path / "node", file) as agent:
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
    follow_anew(world, machine)
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
