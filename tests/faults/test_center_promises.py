"""The center under trouble: away for an hour, many nodes cut, a level crossed over and over, many agents back at once."""

import asyncio
from pathlib import Path

from netops.agent.http_out import HttpOut
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from tests.support.center_process import center_process, prepared
from tests.support.center_promises import agents_return, center_away, level_crossed, nodes_cut


async def test_after_an_hour_away_nothing_is_lost_doubled_or_told(tmp_path: Path) -> None:
    found = await center_away(tmp_path, minutes=20)
    assert found.acks_lost > 0
    assert (found.samples_stored, found.lines_stored) == (found.samples_kept, found.lines_kept)
    assert found.incidents == 0


async def test_two_of_ten_nodes_cut_are_told_in_few_notifications_that_name_each(tmp_path: Path) -> None:
    found = await nodes_cut(tmp_path, nodes=200, cut=40, branches=10)
    assert found.notifications <= 3
    assert found.named == 40
    assert found.incidents == {"line_down": 2}


async def test_a_level_crossed_a_hundred_times_in_ten_minutes_is_told_twice_at_most(tmp_path: Path) -> None:
    found = await level_crossed(tmp_path)
    assert 1 <= found.notifications <= 2
    assert found.incidents == {"rule": 1}


async def test_many_agents_back_at_once_lose_nothing(tmp_path: Path) -> None:
    found = await agents_return(tmp_path, agents=100, rows=10)
    assert found.stored_samples == found.sent_samples


def test_a_center_that_is_told_to_end_answers_the_nodes_that_wait(tmp_path: Path) -> None:
    key = NodeKey.generate()
    prepared(tmp_path, [("SH", "SH", key.public_text)])
    signer = RequestSigner(key, "SH", BootSource(tmp_path / "boot").next_boot())
    path = "/agent/v1/commands?after=0&wait=50"

    async def poll(port: int, end) -> int:
        line = HttpOut(f"http://127.0.0.1:{port}")
        waiting = asyncio.create_task(line.ask("GET", path, signer.headers("GET", path), timeout_seconds=60))
        await asyncio.sleep(0.5)
        assert not waiting.done()
        end()
        return (await waiting).status

    with center_process(tmp_path) as (process, port):
        assert asyncio.run(poll(port, process.terminate)) == 200
        process.wait(20)
