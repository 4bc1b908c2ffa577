"""The page of replication: who is behind, what is not proved, and what is asked before a node is refused."""

from datetime import UTC, datetime, timedelta

import pytest

from hq.branches.handlers import branch_row as branches_row
from hq.figures.freshness import Branch
from hq.figures.shape import Watermark
from hq.replication.models import BranchCursor, BranchNode, QuarantinedChange
from hq.sync.queries import BranchSync
from hq.sync.rules import lag_seconds, proof_state, rest_seconds
from hq.sync.view import branch_row, position_text, sentence
from shared.database import open_database
from shared.i18n import use_locale
from shared.nodes.identity import NodeKey
from tests.support.databases import apart, hq_apps
from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import Visitor

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


def heard(state: str, waiting: int = 0) -> BranchSync:
    """Shanghai as the page knows it when its data is in this state."""
    mark = Watermark("SH", state, NOON, 28_640)  # type: ignore[arg-type]
    branch = Branch("SH", "Shanghai", "", "", "Asia/Shanghai", "CNY", "order", mark, NOON.date())
    nothing = dict.fromkeys(("down_asked_at", "reset_at"))
    return BranchSync(
        branch=branch, waiting=waiting, lag_seconds=0, proof="complete", unproven=(), epoch="e", up_bytes=0, up_rows=0,
        down_seq=0, down_waiting=0, down_bytes=0, status="normal", node="active", **nothing,
    )  # fmt: skip


@pytest.mark.parametrize("state", ["delayed", "unreachable"])
def test_of_a_branch_that_is_not_heard_nobody_says_that_nothing_is_missing(state: str) -> None:
    silent = heard(state)
    with use_locale("en"):
        assert sentence([heard("current"), silent]) == "1 branch is behind or cannot be reached."
        assert branch_row(silent).cells["waiting"] is None
        assert "not known here" in position_text(silent)
        assert branches_row(silent.branch).cells["waiting"] is None
        assert branches_row(silent.branch._replace(head_seq=28_650)).cells["waiting"] == 10
        assert branches_row(heard("current").branch._replace(head_seq=28_640)).cells["waiting"] == 0
        assert sentence([heard("current")]).startswith("HQ has all")
        assert "0 behind" in position_text(heard("current"))


def test_a_branch_is_behind_for_as_long_as_something_is_missing() -> None:
    assert lag_seconds(NOON, None, 0) is None
    assert lag_seconds(NOON, NOON - timedelta(seconds=90), 3) == 90
    assert lag_seconds(NOON, NOON - timedelta(seconds=90), 0) == 0
    assert lag_seconds(NOON, NOON + timedelta(seconds=5), 1) == 0


def test_a_branch_is_proved_only_when_nothing_differs_and_nothing_is_set_aside() -> None:
    assert [proof_state(0, 0, 0), proof_state(7, 0, 0), proof_state(7, 1, 0), proof_state(7, 0, 1)] == [
        "never", "complete", "unproven", "unproven",
    ]  # fmt: skip


def test_the_rest_of_a_run_follows_from_its_pace() -> None:
    assert rest_seconds(250, 1_000, 10.0) == 30
    assert [rest_seconds(0, 9, 1.0), rest_seconds(9, 9, 1.0), rest_seconds(5, 0, 1.0)] == [None] * 3


@pytest.fixture
def tang(site: Headquarters, client: Client) -> Visitor:
    """The administrator, signed in."""
    return site.visitor(client, "tang")


def node_status(site: Headquarters, code: str) -> str:
    async def read() -> str:
        async with open_database(site.settings.url_of_database, hq_apps()):
            node = await BranchNode.get_or_none(branch=code)
            return node.status if node else ""

    return apart(read())


def enrol(site: Headquarters, code: str) -> None:
    async def write() -> None:
        async with open_database(site.settings.url_of_database, hq_apps()):
            await BranchNode.create(branch=code, name=code, public_key=NodeKey.generate().public_text)
            await BranchCursor.filter(branch=code).update(unproven={"receipt": "1:0"})
            await QuarantinedChange.create(branch=code, epoch="e", seq=7, tbl="receipt", row_id="r", op="i", reason="poison")  # fmt: skip

    apart(write())


def test_everybody_sees_the_branches_within_reach_and_only_the_administrator_acts(
    site: Headquarters, tang: Visitor
) -> None:
    enrol(site, "SH")
    assert tang.open("/sync").status_code == 200
    assert "1 branch is not proved equal." in tang.text()
    page = tang.open("/sync/SH")
    assert page.status_code == 200 and "not equal in: Receipt" in tang.text()
    assert "/sync/SH/rebuild" in page.text
    mei = site.visitor(tang.client, "mei")
    assert "(SH)" not in mei.open("/sync").text
    assert mei.open("/sync/SH").status_code == 404
    assert "/rebuild" not in mei.open("/sync/PAR").text
    assert mei.open("/sync/PAR/rebuild").status_code == 403


def test_a_node_is_refused_only_after_its_code_was_typed(site: Headquarters, tang: Visitor) -> None:
    enrol(site, "SH")
    assert tang.open("/sync/SH/nonsense").status_code == 404
    tang.open("/sync/SH/rebuild")
    assert "1 change of it is set aside here and would not come back" in tang.text()
    assert tang.send("/sync/SH/rebuild", typed_name="PAR").status_code == 422
    file = {"typed_name": ("SH", b"SH")}
    sent = tang.client.post("/sync/SH/rebuild", data={"csrf": tang.token()}, files=file)
    assert sent.status_code == 422
    assert node_status(site, "SH") == "active"
    answer = tang.send("/sync/SH/rebuild", typed_name="SH")
    assert answer.status_code == 200 and "python -m branch_node bootstrap" in answer.text
    assert node_status(site, "SH") == "revoked"
    tang.open("/sync/SH/standby")
    assert "standby follow" in tang.send("/sync/SH/standby").text
