"""The agent's part in pairing a standby with its branch, by commands of the node file that really run."""

from types import SimpleNamespace

import pytest

from netops.agent.commands import _HANDLERS
from netops.agent.run_command import CommandFailed
from netops.agent.settings import Commands, NodeFile, Standby
from netops.agent.standby import StandbyDesk
from shared.nodes.command import UNANSWERED, Arguments, InvitationArguments

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


def desk(*, is_wanted, is_ready):
    """A standby's desk before its two services, of which the site stands as given."""
    site = SimpleNamespace(is_ready=is_ready, report=lambda: SimpleNamespace(is_wanted=is_wanted))
    settings = Standby(of="SH", promote=["true"], ends=["follow"], starts=["web"])
    return StandbyDesk(SimpleNamespace(supervisors={"web": site}), settings), site


def test_a_standby_serves_once_its_site_was_ready_and_until_that_is_not_wanted_any_more():
    unpromoted, _site = desk(is_wanted=True, is_ready=False)
    assert not unpromoted.is_serving, "a site that was started without a promotion refuses to serve"
    promoted, site = desk(is_wanted=True, is_ready=True)
    assert promoted.is_serving
    site.is_ready = False
    assert promoted.is_serving, "it is being restarted"
    site.report = lambda: SimpleNamespace(is_wanted=False)
    assert not promoted.is_serving


def test_who_serves_the_branch_follows_nobody():
    promoted, _site = desk(is_wanted=True, is_ready=True)
    promoted.refuse_to_follow("web")
    with pytest.raises(CommandFailed, match="follows nobody"):
        promoted.refuse_to_follow("follow")
    following, _site = desk(is_wanted=False, is_ready=False)
    following.refuse_to_follow("follow")
