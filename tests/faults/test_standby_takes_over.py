"""A standby takes Shanghai over while people write, ordered by two persons or by itself; the former primary comes back, is
fenced, and hands over what headquarters had not seen. Real processes: headquarters, branch, standby, agent, center."""

import json
import os
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

from branch_node.setup import APPS as BRANCH_APPS
from tests.support.agent import ROOT, RunningAgent, service
from tests.support.operators import PASSWORD as CENTER_PASSWORD
from tests.support.operators import Center, Operator
from tests.support.processes import Guest, SiteProcess, wait_until
from tests.support.world import PASSWORD, World, branch_settings, company

SITE = ("-m", "branch_node")


def prepared_standby(world: World, folder: Path, stack: ExitStack) -> SiteProcess:
    """Another machine for Shanghai, on a line of its own, that follows."""
    site = SiteProcess("standby", "branch_node", folder / "standby", BRANCH_APPS, branch_settings("SH"))
    site.settings["TRUNKLINE_HQ_URL"] = world.hq.url
    stack.callback(site.close)
    token = json.loads(world.hq.run("branches", "enrol", "SH", "--standby", "--json").stdout)["token"]
    site.run("standby", "follow", str(token), "--once")
    return site


def agent_of(
    standby: SiteProcess, folder: Path, primary: SiteProcess, head: str, more: str = ""
) -> RunningAgent:
    """An agent that runs the follower, and the site once it was promoted."""
    own = {name: text for name, text in standby.env.items() if os.environ.get(name) != text}
    env = ", ".join(f'{name} = "{text}"' for name, text in own.items())
    about = f'cwd = "{ROOT}"\nenv = {{ {env} }}'
    follow = service("follow", [sys.executable, *SITE, "standby", "follow", "--every", "0.3"], 0, about)
    web = service("web", [sys.executable, *SITE, "web"], standby.port, f"autostart = false\n{about}")
    promote = json.dumps([sys.executable, *SITE, "standby", "promote", "--json"])
    table = (
        f'[standby]\nof = "SH1"\npromote = {promote}\nends = ["follow"]\nstarts = ["web"]\n{about}\n'
        f'primary = "{primary.url}/healthz"\n{more}\n'
    )
    return RunningAgent(folder, f"{table}{follow}\n{web}", head)


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
