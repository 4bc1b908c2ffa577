"""How far headquarters has this branch's log, as metrics: read when somebody asks for them."""

from branch_node.replication.models import ReplicationState
from shared import clock
from shared.canonical import from_micros
from shared.database import fetch_one, fetch_value
from shared.metrics import REPLICATION_LAG, REPLICATION_POSITION, REPLICATION_WAITING

PEER = "HQ"


def site_of(branch: str) -> str:
    """The label under which all metrics of a branch's site stand."""
    return f"branch_{branch.lower()}"


async def measure_replication(site: str) -> None:
    """Set the gauges. A node whose place was taken has handed over what waited: nothing waits there."""
    state = await ReplicationState.get_or_none(id=1)
    if state is None:
        return
    newest = int(await fetch_value("SELECT MAX(seq) AS seq FROM change") or 0)
    waiting = 0 if state.trouble == "fenced" else max(newest - state.acked_seq, 0)
    oldest = await fetch_one(
        "SELECT at FROM change WHERE seq > :acked ORDER BY seq LIMIT 1", acked=state.acked_seq
    )
    lag = 0.0
    if waiting and oldest is not None:
        lag = (clock.now() - from_micros(int(oldest["at"]) * 1_000)).total_seconds()
    REPLICATION_POSITION.labels(site, PEER).set(state.acked_seq)
    REPLICATION_WAITING.labels(site, PEER).set(waiting)
    REPLICATION_LAG.labels(site, PEER).set(max(lag, 0.0))
