"""The block of problems at the head of the fleet."""

from dataclasses import replace

import pytest

from netops.center.nodes.problems import node_problems, problems_part
from netops.center.nodes.queries import NodeView
from shared import clock
from shared.i18n import use_locale

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
