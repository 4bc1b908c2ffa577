"""A standby took its branch over: both nodes say so on every page, and nothing is offered that makes no sense any more."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from netops.center.commands.keys import CenterKeys
from netops.center.nodes.actions import enrol
from shared import clock
from tests.contracts.center.test_commands import Wire
from tests.support.center_people import CenterSite
from tests.support.desk_node import DeskNode
from tests.support.web_site import PASSWORD, Visitor, in_app

People = dict[str, Visitor]
PROMOTE, PAIR, INVITE = "standby.promote", "standby.pair", "standby.invite"
INVITATION = f"tla1.{'s' * 43}.{'k' * 43}"


class Branch:
    """Paris with its standby, before the center."""

    def __init__(self, center: CenterSite, visitor: Visitor, folder: Path) -> None:
        self.center = center
        self.primary = self.wire("PAR", visitor, folder)
        self.standby = self.wire("PAR-standby", visitor, folder)
        self.primary.node.node_file.commands.actions["standby_invite"] = ["echo", INVITATION]
        self.standby.node.standby_of = "PAR"

    def wire(self, name: str, visitor: Visitor, folder: Path) -> Wire:
        key = CenterKeys(self.center.settings.data_dir).command.public_text
        node = DeskNode(name, folder / name, [key], allow=("standby.*", "service.start"))
        fleet = self.center.app.state.fleet
        in_app(
            self.center.app, lambda: enrol(name, "branch", node.key.public_text, branch="PAR", fleet=fleet)
        )
        return Wire(node, visitor)

    def stand(self, *, is_promoted: bool = False, is_fenced: bool = False, primary_of: str = "") -> None:
        """Both report how they stand."""
        self.standby.node.is_promoted, self.primary.node.is_fenced = is_promoted, is_fenced
        self.primary.node.standby_of = primary_of
        for wire in (self.primary, self.standby):
            wire.report(hello=True)


@pytest.fixture(scope="module")
def branch(center: CenterSite, people: People, tmp_path_factory: pytest.TempPathFactory) -> Branch:
    return Branch(center, people["nobody"], tmp_path_factory.mktemp("branch"))


def order(visitor: Visitor, node: str, verb: str) -> Any:
    visitor.open("/me")
    typed = {"reason": "a drill", "lifetime": "now", "password": PASSWORD, "action": "standby"}
    return visitor.send(f"/nodes/{node}/commands", verb=verb, invitation=INVITATION, **typed)


def offered(visitor: Visitor, node: str) -> set[str]:
    page = visitor.open(f"/nodes/{node}/commands").text
    return {verb for verb in (PROMOTE, PAIR, INVITE) if f"verb={verb}" in page}


def test_before_anybody_took_over_each_is_offered_what_it_is_for(people: People, branch: Branch) -> None:
    branch.stand()
    ada = people["ada"]
    assert offered(ada, "PAR-standby") == {PROMOTE, PAIR}
    assert offered(ada, "PAR") - {PROMOTE} == {INVITE}, "an action of its own may be what promotes it"
    assert "fenced" not in ada.open("/nodes/PAR").text.split("<main")[1]
    assert "All 2 nodes are well" in ada.open("/").text


def test_a_fenced_node_says_what_it_is_who_took_over_and_what_to_do(people: People, branch: Branch) -> None:
    branch.stand(is_promoted=True, is_fenced=True)
    ada = people["ada"]
    page = ada.open("/nodes/PAR").text
    assert 'data-status="fenced"' in page and "Nothing is wrong" not in page
    assert "PAR-standby took the place of this node" in page
    assert 'href="/nodes/PAR-standby"' in page and 'href="/enrol/PAR/revoke"' in page
    assert "people can read here and write nothing" in page and "set this machine up anew" in page
    fleet = ada.open("/").text
    assert "are well" not in fleet
    assert "PAR-standby took its place; nothing counts that is written here" in fleet
    assert 'data-status="fenced"' in fleet.split("nodes-rows")[1]
    assert "nodes-PAR-standby" not in ada.open("/?state=fenced").text.split("nodes-rows")[1]
    successor = ada.open("/nodes/PAR-standby").text
    assert "This node has the place of PAR: it serves the branch" in successor
    assert 'data-status="fenced"' not in successor


def test_a_fenced_node_is_a_trouble_of_the_status_page(people: People, branch: Branch) -> None:
    branch.stand()
    assert "All is well" in people["nobody"].open("/status").text
    for is_fenced in (True, False):
        branch.stand(is_promoted=True, is_fenced=is_fenced)
        page = people["nobody"].open("/status").text
        assert "Some nodes are in trouble" in page and "1 of 2 well" in page and "All is well" not in page


def test_a_node_that_has_not_heard_that_it_was_replaced_is_named_all_the_same(
    people: People, branch: Branch
) -> None:
    branch.stand(is_promoted=True, is_fenced=False)
    page = people["ada"].open("/nodes/PAR").text
    assert "PAR-standby took the place of this node" in page and "Nothing is wrong" not in page
    assert "until its line to headquarters is up people can still write here" in page


def test_of_two_that_changed_places_twice_the_one_promoted_last_has_the_place(
    people: People, branch: Branch
) -> None:
    branch.primary.node.is_promoted, branch.primary.node.promoted_at = True, clock.now()
    branch.standby.node.promoted_at = clock.now() - timedelta(days=1)
    branch.stand(is_promoted=True, primary_of="PAR-standby")
    ada = people["ada"]
    lost, has = ada.open("/nodes/PAR-standby").text, ada.open("/nodes/PAR").text
    branch.primary.node.is_promoted = False
    branch.primary.node.promoted_at = branch.standby.node.promoted_at = None
    assert "PAR took the place of this node" in lost
    assert "until its line to headquarters is up people can still write here" in lost
    assert (
        "This node has the place of PAR-standby: it serves the branch" in has and "took the place" not in has
    )


def test_a_fenced_node_whose_successor_is_not_known_here_says_so(people: People, branch: Branch) -> None:
    branch.stand(is_promoted=False, is_fenced=True)
    assert "Another node took the place of this one" in people["ada"].open("/nodes/PAR").text
    assert "another node took its place" in people["ada"].open("/").text


def test_what_makes_no_sense_after_a_promotion_is_not_offered_and_refused_with_the_reason(
    people: People, branch: Branch
) -> None:
    branch.stand(is_promoted=True, is_fenced=True)
    ada = people["ada"]
    assert offered(ada, "PAR-standby") == set() and offered(ada, "PAR") == set()
    reasons = {
        ("PAR-standby", PROMOTE): "PAR-standby has the place of PAR already: it serves the branch.",
        (
            "PAR-standby",
            PAIR,
        ): "PAR-standby has the place of PAR: it serves the branch, and the accounts are its own.",
        ("PAR", INVITE): "PAR-standby has the place of PAR: order this there.",
    }
    for (node, verb), reason in reasons.items():
        assert reason in ada.open(f"/nodes/{node}/commands").text
        asked = ada.open(f"/nodes/{node}/commands/new?verb={verb}")
        sent = order(ada, node, verb)
        assert (asked.status_code, sent.status_code) == (409, 409)
        assert reason in asked.text and reason in sent.text
    assert people["eve"].open("/nodes/PAR-standby/commands").text.count("has the place of") == 0


def test_what_follows_the_primary_is_not_offered_to_be_started_at_a_promoted_standby(
    people: People, branch: Branch
) -> None:
    start = "verb=service.start&amp;service=web"
    branch.stand()
    assert start in people["ada"].open("/nodes/PAR-standby/commands").text
    branch.stand(is_promoted=True)
    assert start not in people["ada"].open("/nodes/PAR-standby/commands").text
    assert start in people["ada"].open("/nodes/PAR/commands").text


def test_a_promotion_that_waits_for_the_second_person_is_refused_once_somebody_promoted(
    people: People, branch: Branch
) -> None:
    branch.stand()
    path = order(people["ada"], "PAR-standby", PROMOTE).url.path
    branch.stand(is_promoted=True)
    people["grace"].open(path)
    refused = people["grace"].send(f"{path}/approve", password=PASSWORD)
    assert refused.status_code == 409 and "serves the branch" in refused.text


def test_a_former_primary_that_follows_now_is_a_standby_like_any_other(
    people: People, branch: Branch
) -> None:
    branch.stand(is_promoted=True, primary_of="PAR-standby")
    ada = people["ada"]
    assert "took the place of this node" not in ada.open("/nodes/PAR").text
    assert offered(ada, "PAR") == {PROMOTE, PAIR}
    assert "PAR follows PAR-standby: order this there." in ada.open("/nodes/PAR/commands").text
