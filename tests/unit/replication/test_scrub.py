"""Damage done to headquarters' rows by SQL is found, named and mended by the branch's own rows; on both engines."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from hq.figures import rebuild
from hq.replication import scrub, verify
from hq.replication.models import BranchCursor, ScrubRow, ScrubRun, SyncIncident
from hq.replication.strangers import follow_up
from shared.database import execute, fetch_value
from shared.records import AuditEntry, Receipt
from shared.replication import scan
from shared.replication.columns import replicated_tables
from shared.replication.scan import table_digest, view_of
from tests.support.databases import BRANCH, ENGINES, Templates
from tests.support.replication_model import Model, insert_some, receipt


@pytest.fixture(params=ENGINES)
async def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Model]:
    async with Model(templates, tmp_path, 3, request.param) as made:
        with made.branch.use():
            for _ in range(6):
                await insert_some(made.dice)
        await made.check()
        yield made


async def damage(company: Model) -> dict[str, str]:
    """One row changed, one deleted, one invented at headquarters; the kind by id."""
    with company.hq.use():
        changed, deleted, *_ = await Receipt.filter(branch=BRANCH).order_by("id")
        await execute("UPDATE receipt SET amount_minor = 7, base_minor = 7, ver = 999999 WHERE id = :id", id=changed.id)  # fmt: skip
        await execute("DELETE FROM receipt WHERE id = :id", id=deleted.id)
        invented = receipt(company.dice)
        await invented.save(force_create=True)
        return {str(changed.id): "changed", str(deleted.id): "missing", str(invented.id): "invented"}


async def found(company: Model) -> dict[str, tuple[str, str]]:
    with company.hq.use():
        return {row.row_id: (row.kind, row.status) for row in await ScrubRow.all()}


async def scrubbed(company: Model, *, is_mending: bool = True) -> str:
    """What became of a scrub after the branch's next contact."""
    with company.hq.use():
        run = await scrub.scrub_branch(BRANCH, "command", is_mending=is_mending)
    await company.settle()
    with company.hq.use():
        return (await ScrubRun.get(id=run.id)).status


async def test_damaged_rows_are_named_mended_and_counted_once(company: Model) -> None:
    kinds = await damage(company)
    with company.branch.use():
        await insert_some(company.dice)  # what is written meanwhile disturbs nothing
    assert await scrubbed(company) == "mended"
    assert await found(company) == {row_id: (kind, "mended") for row_id, kind in kinds.items()}
    with company.hq.use():
        changed = await ScrubRow.get(kind="changed")
        assert changed.columns == ["amount_minor", "base_minor"]
        assert await AuditEntry.filter(action="sync.mended").count() > 0
        assert not await rebuild.differences()
    await company.check()
    with company.branch.use():
        await execute("UPDATE receipt SET amount_minor = 8, base_minor = 8")
    await company.check()  # later changes of a mended row are taken as ever


async def test_a_run_that_only_names_touches_nothing(company: Model) -> None:
    kinds = await damage(company)
    assert await scrubbed(company, is_mending=False) == "named"
    assert await found(company) == {row_id: (kind, "named") for row_id, kind in kinds.items()}
    assert await scrubbed(company) == "mended"
    await company.check()


async def test_figures_that_were_taken_from_the_damage_are_mended_too(company: Model) -> None:
    await damage(company)
    with company.hq.use():
        await rebuild.rebuild()
    assert await scrubbed(company) == "mended"
    await company.check()


async def test_a_change_that_came_over_a_damaged_row_leaves_the_figures_right_after_the_scrub(
    company: Model,
) -> None:
    await damage(company)
    with company.branch.use():
        await execute("UPDATE receipt SET amount_minor = 5, base_minor = 5")
        await execute("DELETE FROM receipt WHERE id IN (SELECT id FROM receipt ORDER BY id LIMIT 1)")
    await company.settle()
    with company.hq.use():
        assert await rebuild.differences(), "the damage was taken out of the figures, not the row"
        assert list((await BranchCursor.get(branch=BRANCH)).unproven) == ["receipt"]
    assert await scrubbed(company) == "mended"
    await company.check()


async def test_a_row_whose_version_was_damaged_is_seen_by_the_next_digest(company: Model) -> None:
    with company.hq.use():
        row = await Receipt.filter(branch=BRANCH).first()
        assert row is not None
        await execute("UPDATE receipt SET ver = 999999 WHERE id = :id", id=row.id)
    with company.branch.use():
        await execute("UPDATE receipt SET amount_minor = 5, base_minor = 5 WHERE id = :id", id=row.id)
    await company.settle()
    with company.hq.use():
        assert not await rebuild.differences(), "a row that stays as it was stays in the figures"
        assert list((await BranchCursor.get(branch=BRANCH)).unproven) == ["receipt"]
        assert await scrub.unexplained() == [BRANCH]
    assert await scrubbed(company) == "mended"
    await company.check()


async def test_nothing_is_taken_from_a_branch_whose_rows_are_not_those_of_its_log(company: Model) -> None:
    await damage(company)
    with company.branch.use():
        await execute("DROP TRIGGER capture_receipt_update" + (" ON receipt" if company.engine == "postgres" else ""))  # fmt: skip
        await execute("UPDATE receipt SET notes = 'rotten'")
    assert await scrubbed(company) == "broken"
    assert await found(company) == {}
    with company.hq.use():
        assert await SyncIncident.exists(branch=BRANCH, kind="broken", closed_at=None)


async def test_verify_names_the_rows(company: Model) -> None:
    kinds = await damage(company)

    async def verified() -> verify.Proof:
        with company.hq.use():
            return await verify.verify(BRANCH, wait_seconds=20)

    proving = asyncio.create_task(verified())
    while not proving.done():
        await company.settle()
        await asyncio.sleep(0.1)
    proof = await proving
    assert not proof.is_proved
    assert {row.id: row.kind for row in proof.branches[0].rows} == kinds
    assert any("amount_minor" in line for line in verify.describe(proof))


async def test_rows_read_for_proof_are_those_of_the_triggers(company: Model) -> None:
    with company.hq.use():
        await execute("UPDATE receipt SET notes = :text", text='a "quoted" \\ tab\t line\n \x01 上海 \u2028')
        table = replicated_tables()["receipt"]
        (row,) = [
            await fetch_value(
                f"SELECT {table.canonical_sql('r', company.engine)} AS row FROM receipt r LIMIT 1"
            )
        ]
        async with view_of() as view:
            seen: list[bytes] = []
            await view.scan(
                f"SELECT '' AS key, {table.scan_sql('r', company.engine)} AS row FROM receipt r LIMIT 1",
                lambda rows: seen.extend(one for _key, one in rows),
            )
            assert seen == [row.encode()]
            assert (await table_digest(view, table, BRANCH)).count == await Receipt.filter(
                branch=BRANCH
            ).count()


ODD_TEXTS = (
    'a "b" \\ c',
    'x\\"y\\\\',
    "tab\t line\n return\r back\b feed\f",
    "上海 \u2028 \x7f",
    "null",
    "{}",
    "\\N",
    "\\t",
)
UNLIKE_COPY = ("\x01", "a\x02b", "v\x0b", "\x1f", "a\x02,\x02notes\x02:\x02b")


@pytest.mark.parametrize("text", [*ODD_TEXTS, *UNLIKE_COPY])
async def test_a_digest_that_is_expected_is_found_whatever_the_rows_hold(company: Model, text: str) -> None:
    table = replicated_tables()["receipt"]
    with company.hq.use():
        await execute("UPDATE receipt SET notes = :text, reversed_by = NULL", text=text)
        async with view_of() as view:
            exact = await table_digest(view, table, BRANCH)
            assert exact.count
            assert await table_digest(view, table, BRANCH, exact.text()) == exact
            if isinstance(view, scan.PostgresView):
                quick = await view.quick_digest(table, BRANCH)
                assert (quick == exact) is (text in ODD_TEXTS)


@pytest.mark.parametrize(("theirs", "ours"), [('"', "\x02"), ("\\", ""), ("\t", "t"), ("null", ""), ('","notes":"b', '\x02,\x02notes\x02:\x02b')])  # fmt: skip
async def test_rows_that_differ_are_never_taken_for_those_that_are_expected(
    company: Model, theirs: str, ours: str
) -> None:
    table = replicated_tables()["receipt"]
    with company.hq.use():
        await execute("UPDATE receipt SET reference = :text", text=theirs)
        async with view_of() as view:
            expected = await table_digest(view, table, BRANCH)
        await execute("UPDATE receipt SET reference = :text", text=ours)
        async with view_of() as view:
            assert await table_digest(view, table, BRANCH, expected.text()) != expected
        await execute("UPDATE receipt SET reference = :text", text=theirs)
        await execute("UPDATE receipt SET ext = '{}' WHERE id IN (SELECT id FROM receipt LIMIT 1)")
        async with view_of() as view:
            assert await table_digest(view, table, BRANCH, expected.text()) != expected


async def test_rows_that_come_in_many_pieces_are_each_taken_once_and_in_order(
    company: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan, "PIECE_BYTES", 100)
    monkeypatch.setattr(scan, "CHUNK", 3)
    numbers = (
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 50000) "
        "SELECT '' AS key, CAST(i AS VARCHAR(9)) AS row FROM n ORDER BY i"
    )
    seen: list[int] = []

    def take(rows: Sequence[tuple[bytes, bytes]]) -> None:
        seen.extend(int(row) for _key, row in rows)
        if len(seen) > 400:
            raise ValueError("enough")

    with company.hq.use():
        async with view_of() as view:
            with pytest.raises(ValueError, match="enough"):
                await view.scan(numbers, take)
        assert seen == list(range(1, len(seen) + 1)) and 400 < len(seen) < 50_000
        seen.clear()
        async with view_of() as view:
            await view.scan(numbers, lambda rows: seen.extend(int(row) for _key, row in rows))
    assert seen == list(range(1, 50_001))


async def test_a_row_under_the_code_of_nobody_is_taken_back_within_one_scrub(company: Model) -> None:
    with company.hq.use():
        await execute(
            "UPDATE receipt SET branch = 'XX' WHERE id = (SELECT id FROM receipt ORDER BY id LIMIT 1)"
        )
    assert await scrubbed(company) == "differs"
    await company.settle()
    with company.hq.use():
        assert [run.status for run in await ScrubRun.all().order_by("id")] == ["differs", "mended"]
    await company.check()


async def test_a_row_under_the_code_of_another_branch_is_settled_between_the_two(company: Model) -> None:
    with company.hq.use():
        await BranchCursor.create(branch="PAR", epoch="e" * 32)
        await execute(
            "UPDATE receipt SET branch = 'PAR' WHERE id = (SELECT id FROM receipt ORDER BY id LIMIT 1)"
        )
    assert await scrubbed(company) == "differs"
    with company.hq.use():
        asked = await ScrubRun.get(branch="PAR")
        assert (asked.status, asked.cause, asked.tables) == ("asking", "foreign", ["receipt"])
        await execute("DELETE FROM receipt WHERE branch = 'PAR'")  # Paris says that it has no such row
        await ScrubRun.filter(id=asked.id).update(status="mended")
        await follow_up(asked.id)
    await company.settle()
    await company.check()
