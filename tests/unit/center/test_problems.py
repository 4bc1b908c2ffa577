"""The block of problems at the head of the fleet."""

from dataclasses import replace

import pytest

from netops.center.commands.views import may_take_over
from netops.center.nodes.problems import node_problems, problems_part
from netops.center.nodes.queries import NodeView
from netops.center.nodes.state import NodeState
from shared import clock
from shared.i18n import use_locale
from shared.nodes.report import Hello

NODE = NodeView(
    name="SH", role="branch", branch="SH", contact="live", condition="ok", mode="normal", received_at=None, services=(),
    cpu_bp=None, memory_bp=None, disk_bp=None, queue=None, strip=(), needs_help=False,
)  # fmt: skip


@pytest.fixture(autouse=True)
def _in_english():
    with use_locale("en"):
        yield


def test_nodes_of_one_overloaded_machine_are_one_row_and_each_is_named():
    names = ("HQ", "NYC", "PAR", "TYO")
    loaded = [replace(NODE, name=name, condition="overloaded", needs_help=True, host="one") for name in names]
    other = replace(NODE, name="SH", condition="overloaded", needs_help=True, host="another")
    failed = replace(NODE, name="LDN", condition="failed", needs_help=True, host="one")
    rows = node_problems([*loaded, other, failed], clock.now())
    assert [row.title for row in rows] == ["The machine of HQ and others", "SH", "LDN"]
    assert list(rows[0].members) == list(names) and rows[0].text == "4 nodes"


def test_busy_nodes_are_counted_and_not_called_well():
    busy = replace(NODE, condition="busy")
    assert "1 of 2 nodes are busy" in problems_part([], [busy, NODE], 2, clock.now(), "").sentence
    assert "All 2 nodes are well" in problems_part([], [NODE, NODE], 2, clock.now(), "").sentence


@pytest.mark.parametrize(
    ("standby_of", "actions", "is_offered"),
    [("PAR", [], True), ("", [], False), ("", ["standby_invite"], False), ("", ["take_over"], True)],
)
def test_only_a_node_that_can_take_over_is_offered_the_promotion(standby_of, actions, is_offered):
    hello = Hello(
        node="SH", role="branch", version="0", boot="b", host_boot="h", started_at=clock.now(), platform="Linux",
        cpu_count=2, memory_bytes=1, services=[], metrics={}, command_seq=0, audit_head="", actions=actions,
        standby_of=standby_of,
    )  # fmt: skip
    assert may_take_over(NodeState("SH", "branch", "SH", "", "ed25519:x", hello=hello)) is is_offered
