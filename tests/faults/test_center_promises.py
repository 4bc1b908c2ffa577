"""The center under trouble: away for an hour, many nodes cut, a level crossed over and over, many agents back at once."""

from pathlib import Path

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
