"""The branch forgets only what headquarters has for good, and a headquarters restored from its backup is filled again."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from branch_node.replication.models import ReplicationState
from branch_node.replication.pruning import prune, prune_limit
from hq.replication.backup import BackupFailed, make_backup
from hq.replication.models import HqBackup
from shared.database import execute, fetch_value
from tests.support.databases import ENGINES, KINDS, Templates
from tests.support.replication_model import Model


@pytest.fixture(params=ENGINES)
async def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Model]:
    async with Model(templates, tmp_path, 2, request.param) as made:
        await made.write(8)
        await made.check()
        yield made


async def backup(company: Model) -> HqBackup:
    with company.hq.use():
        return await make_backup(company.hq.url, KINDS["hq"][0](), company.folder / "backups")


async def pruned(company: Model) -> int:
    await company.settle()
    with company.branch.use():
        return await prune()


def test_the_limit_is_what_both_hold() -> None:
    assert prune_limit(5, 3) == 3 == prune_limit(3, 5)
    assert prune_limit(5, 0) == 0, "without a backup nothing is forgotten"


async def test_nothing_is_forgotten_before_a_verified_backup_and_all_can_be_refilled_after_it(
    company: Model,
) -> None:
    assert await pruned(company) == 0
    made = await backup(company)
    assert Path(made.path).stat().st_size == made.byte_count
    await company.backup("hq", "verified")
    await company.write(6)
    assert await pruned(company) > 0
    with company.branch.use():
        state = await ReplicationState.get(id=1)
        assert state.pruned_seq == made.positions["SH"][1] < state.acked_seq
    await company.restore("hq", "verified")
    await company.check()


async def test_a_headquarters_older_than_its_backup_is_filled_from_the_rows(company: Model) -> None:
    await company.backup("hq", "older")
    await company.write(6)
    await company.settle()
    await backup(company)
    assert await pruned(company) > 0
    await company.restore("hq", "older")
    await company.check()


async def test_a_damaged_headquarters_makes_no_backup(company: Model) -> None:
    with company.hq.use():
        await execute("UPDATE receipt SET base_minor = base_minor + 1")
        changed = await fetch_value("SELECT count(*) AS n FROM receipt")
    assert changed
    with pytest.raises(BackupFailed):
        await backup(company)
    with company.hq.use():
        assert await HqBackup.all().count() == 0
