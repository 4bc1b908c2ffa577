"""What a branch's /metrics say of its replication and its database; on both engines."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from branch_node.replication.gauges import measure_replication
from branch_node.replication.models import ReplicationState
from shared import clock
from shared.clock import FixedClock
from shared.database import fetch_value
from tests.contracts.branch.test_pages import at_branch
from tests.support.branch_site import BranchSite
from tests.support.web_site import Visitor


def measured(text: str, name: str) -> float:
    """The value of a metric of replication, or of the site."""
    found = re.search(rf'^trunkline_{name}\{{(?:peer="HQ",)?site="branch_sh"\}} (\S+)$', text, re.MULTILINE)
    assert found, name
    return float(found[1])


def wait_for(site: BranchSite, waiting: int, **more: Any) -> datetime:
    """Headquarters has all but the last changes; when the oldest of these was written."""

    async def note() -> datetime:
        head = int(await fetch_value("SELECT MAX(seq) AS seq FROM change"))
        await ReplicationState.all().delete()
        await ReplicationState.create(id=1, epoch="e", acked_seq=head - waiting, **more)
        at = await fetch_value(
            "SELECT at FROM change WHERE seq > :seq ORDER BY seq LIMIT 1", seq=head - waiting
        )
        return datetime.fromtimestamp((at or 0) / 1_000, UTC)

    return at_branch(site, note)


@pytest.fixture
def text_of(site: BranchSite, people: dict[str, Visitor]) -> Any:
    """The page of metrics of a branch that has a headquarters."""
    site.app.state.measures = (measure_replication,)
    return lambda: people["lin"].client.get("/metrics").text


def test_the_age_of_the_oldest_change_that_waits_is_told(site: BranchSite, text_of: Any) -> None:
    oldest = wait_for(site, 2)
    with clock.use(FixedClock(oldest + timedelta(seconds=90))):
        text = text_of()
    assert measured(text, "replication_changes_waiting") == 2
    assert measured(text, "replication_lag_seconds") == pytest.approx(90)
    assert measured(text, "db_bytes") > 50_000


@pytest.mark.parametrize(("waiting", "trouble"), [(0, ""), (2, "fenced")])
def test_where_nothing_waits_the_lag_is_nought(
    site: BranchSite, text_of: Any, waiting: int, trouble: str
) -> None:
    wait_for(site, waiting, trouble=trouble)
    text = text_of()
    assert measured(text, "replication_changes_waiting") == 0
    assert measured(text, "replication_lag_seconds") == 0


def test_a_gauge_that_cannot_be_read_hides_no_other(site: BranchSite, text_of: Any) -> None:
    async def fails(_site: str) -> None:
        raise OSError("disk")

    site.app.state.measures = (fails, measure_replication)
    wait_for(site, 1)
    assert measured(text_of(), "replication_changes_waiting") == 1
