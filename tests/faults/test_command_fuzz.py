"""Commands under kills, replays, reordering and tampering: none lost, none twice, none forged. `make bench-netops` runs 10,000."""

from tests.faults.fuzz_commands import Fuzz


async def test_no_command_is_lost_done_twice_or_forged(center_database, tmp_path):
    outcome = await Fuzz(tmp_path, count=80, seed=1).run()
    assert (outcome.lost, outcome.twice, outcome.forged) == ([], [], [])
    assert outcome.states.total() == 80
    assert outcome.states["done"] >= 20 and outcome.states["unknown"] >= 1
    assert outcome.kills and outcome.mangled
    assert outcome.audits_equal
