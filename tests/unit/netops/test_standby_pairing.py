"""The agent's part in pairing a standby with its branch, by commands of the node file that really run."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace

import pytest

from netops.agent import standby as standby_desk
from netops.agent.commands import _HANDLERS
from netops.agent.run_command import CommandFailed
from netops.agent.settings import Commands, NodeFile, Standby
from netops.agent.standby import StandbyDesk
from shared.clock import now
from shared.nodes.command import UNANSWERED, Arguments, InvitationArguments
from shared.nodes.report import ServiceState
from tests.support.ports import free_port

INVITATION = f"tla1.{'s' * 43}.{'k' * 43}"


def agent(actions=None, standby=None, *, is_serving=False):
    node_file = NodeFile(node="SH", commands=Commands(actions=actions or {}))
    settings = SimpleNamespace(settings=standby, is_serving=is_serving) if standby else None
    return SimpleNamespace(node_file=node_file, standby=settings)


async def test_an_invitation_is_found_in_what_the_branchs_command_prints():
    said = f"On the standby's machine: python -m branch_node standby pair {INVITATION}"
    told = agent({"standby_invite": ["echo", said]})
    done = await _HANDLERS["standby.invite"](told, None, Arguments())
    assert done == {"effect": "invited", "invitation": INVITATION}


async def test_what_prints_no_invitation_is_a_failure():
    with pytest.raises(CommandFailed, match="printed no invitation"):
        await _HANDLERS["standby.invite"](agent({"standby_invite": ["echo", "busy"]}), None, Arguments())


async def test_the_standbys_command_finds_the_invitation_in_its_environment_and_not_among_its_words(tmp_path):
    told = tmp_path / "told"
    script = f'echo "$TRUNKLINE_INVITATION $BRANCH $#" > {told}'
    standby = Standby(of="SH", promote=["true"], pair=["sh", "-c", script], env={"BRANCH": "SH"})
    done = await _HANDLERS["standby.pair"](agent(standby=standby), None, InvitationArguments(INVITATION))
    assert done == {"effect": "paired"}
    assert told.read_text() == f"{INVITATION} SH 0\n"


async def test_a_node_that_is_no_standby_answers_no_invitation():
    with pytest.raises(CommandFailed, match="no standby"):
        await _HANDLERS["standby.pair"](agent(), None, InvitationArguments(INVITATION))


async def test_a_standby_that_serves_the_branch_now_answers_no_invitation():
    standby = Standby(of="SH", promote=["true"], pair=["true"])
    with pytest.raises(CommandFailed, match="serves the branch itself"):
        await _HANDLERS["standby.pair"](
            agent(standby=standby, is_serving=True), None, InvitationArguments(INVITATION)
        )


@pytest.mark.parametrize(("status", "code"), [(4, UNANSWERED), (1, "command.failed")])
async def test_a_branch_that_does_not_answer_is_a_failure_of_its_own(status, code):
    standby = Standby(of="SH", promote=["true"], pair=["sh", "-c", f"echo why; exit {status}"])
    with pytest.raises(CommandFailed, match="why") as failed:
        await _HANDLERS["standby.pair"](agent(standby=standby), None, InvitationArguments(INVITATION))
    assert failed.value.code == code


class Service:
    """A supervised service that stands as told."""

    def __init__(self, *, is_wanted=False, is_ready=False, ready_for=0.0):
        self.is_wanted, self.is_ready, self.ready_for = is_wanted, is_ready, ready_for

    def report(self):
        ready_at = now() - timedelta(seconds=self.ready_for) if self.is_ready else None
        return ServiceState(
            name="x", state="running", is_wanted=self.is_wanted, is_ready=self.is_ready, ready_at=ready_at
        )


class AtOnce:
    """A disk thread that does at once what it is told."""

    @staticmethod
    def tell(job):
        job()
        return True


def desk(folder, *, is_wanted, is_ready):
    """A standby's desk before its two services, of which the site stands as given; the site, the follower."""
    site, follower = Service(is_wanted=is_wanted, is_ready=is_ready), Service()
    settings = Standby(of="SH", promote=["true"], ends=["follow"], starts=["web"])
    agent = SimpleNamespace(
        supervisors={"web": site, "follow": follower}, folder=folder, disk=AtOnce, emit=lambda _record: None
    )
    return StandbyDesk(agent, settings), site, follower


def test_a_standby_serves_once_its_site_was_ready_and_while_that_is_wanted(tmp_path):
    unpromoted, _site, _follower = desk(tmp_path, is_wanted=True, is_ready=False)
    assert not unpromoted.has_place, "a site that was started without a promotion refuses to serve"
    promoted, site, _follower = desk(tmp_path, is_wanted=True, is_ready=True)
    assert promoted.is_serving and promoted.has_place
    site.is_ready = False
    assert promoted.is_serving, "it is being restarted"
    site.is_wanted = False
    assert not promoted.is_serving


def test_a_promoted_standby_keeps_the_place_while_its_site_is_stopped_and_after_a_restart_of_the_agent(
    tmp_path,
):
    promoted, site, _follower = desk(tmp_path, is_wanted=True, is_ready=True)
    assert promoted.has_place
    site.is_wanted = site.is_ready = False
    assert promoted.has_place and promoted.primary_silent_seconds is None
    later, _site, follower = desk(tmp_path, is_wanted=False, is_ready=False)
    assert later.has_place, "it is on disk"
    later.refuse_to_follow("follow")
    follower.is_ready = True
    assert later.has_place, "what was promoted refuses to follow, but not in the first instant"
    follower.ready_for = 31.0
    assert not later.has_place, "its database was emptied and it follows"
    assert not desk(tmp_path, is_wanted=False, is_ready=False)[0].has_place


async def test_a_promotion_gives_the_place_also_where_the_site_does_not_get_ready(tmp_path, monkeypatch):
    promoted, site, follower = desk(tmp_path, is_wanted=False, is_ready=False)
    monkeypatch.setattr(standby_desk, "_READY_SECONDS", 0.05)
    follower.stop, follower.instance, site.start = lambda: None, None, lambda: None
    with pytest.raises(CommandFailed, match="does not get ready"):
        await promoted.take_over(alone=False)
    assert promoted.has_place


def test_who_serves_the_branch_follows_nobody(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    promoted, _site, _follower = desk(tmp_path / "a", is_wanted=True, is_ready=True)
    promoted.refuse_to_follow("web")
    with pytest.raises(CommandFailed, match="follows nobody"):
        promoted.refuse_to_follow("follow")
    following, _site, _follower = desk(tmp_path / "b", is_wanted=False, is_ready=False)
    following.refuse_to_follow("follow")


@pytest.mark.parametrize("has_place", [True, False])
async def test_a_standby_whose_site_a_person_has_stopped_does_not_take_over_again_by_itself(
    tmp_path, monkeypatch, has_place
):
    """The same standby without the branch's place does: its primary is gone."""
    monkeypatch.setattr(standby_desk, "_ASK_EVERY_SECONDS", 0.02)
    alone, site, follower = desk(tmp_path, is_wanted=has_place, is_ready=has_place)
    assert alone.has_place is has_place
    site.is_wanted = site.is_ready = False
    follower.stop, follower.instance, site.start = lambda: None, None, lambda: None
    ran = tmp_path / "ran"
    alone.settings = Standby(
        of="SH", promote=["sh", "-c", f"touch {ran}"], ends=["follow"], starts=["web"], automatic=True, gone_seconds=0.1,
        retry_seconds=60.0, primary=f"http://127.0.0.1:{free_port()}/healthz",
    )  # fmt: skip
    running = asyncio.create_task(alone.run())
    await asyncio.sleep(1.0)
    running.cancel()
    assert ran.exists() is not has_place
