"""Every way of writing a replicated row leaves a change in the log, in its transaction, without gaps."""

import asyncio
import datetime
import json

import pytest

from shared.database import Database, engine, execute, fetch_all, fetch_value, transaction
from shared.records import COMPANY, REPLICATED, Customer
from shared.replication import capture
from shared.replication.columns import replicated_tables

WEIRD = 'q"\\/\b\f\n\r\t\x01\x1f\x7f\x80é测\u2028😀'
DAY = datetime.date(2026, 1, 2)


def customer(code: str = "1", branch: str = "SH", **more: object) -> Customer:
    return Customer(branch=branch, code=code, name="Hengda", currency="CNY", acquired_on=DAY, **more)


async def log() -> list[dict[str, object]]:
    return await fetch_all("SELECT * FROM change ORDER BY seq")


async def test_inserts_updates_and_deletes_are_captured_with_both_images(database: Database) -> None:
    found = customer(name_key="a")
    await found.save()
    found.name = "Hengda Trading"
    await found.save()
    await found.delete()
    changes = await log()
    assert [(c["seq"], c["op"]) for c in changes] == [(1, "i"), (2, "u"), (3, "d")]
    assert changes[0]["row_before"] is None
    assert changes[2]["row_after"] is None
    assert changes[1]["row_before"] == changes[0]["row_after"]
    assert changes[2]["row_before"] == changes[1]["row_after"]
    assert json.loads(str(changes[1]["row_after"]))["name"] == "Hengda Trading"


async def test_bulk_queryset_and_raw_writes_are_captured(database: Database) -> None:
    await Customer.bulk_create([customer(str(n)) for n in range(3)])
    await Customer.filter(code="1").update(name="by queryset")
    await execute("UPDATE customer SET name = 'by sql' WHERE code = '2'")
    await Customer.filter(code="0").delete()
    assert [c["op"] for c in await log()] == ["i", "i", "i", "u", "u", "d"]


async def test_rows_of_other_owners_are_not_echoed(database: Database) -> None:
    await customer(branch="PAR").save()
    await customer(branch=COMPANY).save()
    assert await log() == []


async def test_a_rolled_back_transaction_leaves_neither_change_nor_gap(database: Database) -> None:
    await customer("1").save()
    with pytest.raises(ZeroDivisionError):
        async with transaction():
            await customer("2").save()
            _ = 1 / 0
    await customer("3").save()
    assert [c["seq"] for c in await log()] == [1, 2]


async def test_a_savepoint_that_was_rolled_back_hides_no_later_row(database: Database) -> None:
    async with transaction():
        with pytest.raises(ZeroDivisionError):
            async with transaction():
                await customer("1").save()
                _ = 1 / 0
        await customer("2").save()
        await customer("3").save()
    assert [(c["seq"], c["op"]) for c in await log()] == [(1, "i"), (2, "i")]


async def test_rows_written_after_a_transaction_was_numbered_early_are_numbered_too(
    database: Database,
) -> None:
    early = "SET CONSTRAINTS ALL IMMEDIATE" if engine() == "postgres" else "SELECT 1"
    async with transaction():
        await customer("1").save()
        await execute(early)
        await customer("2").save()
    await customer("3").save()
    assert [c["seq"] for c in await log()] == [1, 2, 3]


async def test_changes_of_one_transaction_share_its_number(database: Database) -> None:
    async with transaction():
        await customer("1").save()
        await customer("2").save()
    async with transaction():
        await customer("3").save()
    first, second, third = [c["txid"] for c in await log()]
    assert first == second != third


async def test_pruning_everything_does_not_issue_a_number_again(database: Database) -> None:
    await customer("1").save()
    await execute("DELETE FROM change")
    await customer("2").save()
    assert [c["seq"] for c in await log()] == [2]


async def test_concurrent_writers_and_rollbacks_leave_no_gap(database: Database) -> None:
    async def write(number: int) -> None:
        try:
            async with transaction():
                await customer(str(number)).save()
                await asyncio.sleep(0)
                if number % 3 == 0:
                    raise ValueError("changed my mind")
                await customer(f"{number}b").save()
        except ValueError:
            pass

    await asyncio.gather(*(write(number) for number in range(24)))
    changes = await log()
    assert [c["seq"] for c in changes] == list(range(1, len(changes) + 1))
    assert len(changes) == await fetch_value("SELECT count(*) FROM customer") == 32
    numbers = [c["txid"] for c in changes]
    assert numbers[::2] == numbers[1::2], "the two rows of a transaction stand together"


async def test_the_triggers_fit_the_models_and_a_second_run_changes_nothing(database: Database) -> None:
    assert await capture.install("SH") == 0
    assert len(capture.triggers(engine(), "SH")) == 3 * len(REPLICATED)


async def test_a_trigger_that_somebody_dropped_comes_back(database: Database) -> None:
    on = " ON customer" if engine() == "postgres" else ""
    await execute(f"DROP TRIGGER capture_customer_insert{on}")
    assert await capture.install("SH") == 1
    await customer().save()
    assert len(await log()) == 1


async def test_the_log_holds_what_the_row_itself_gives(database: Database) -> None:
    await customer(credit_hold=True, custom={"b": 1, "a": "é"}, notes=WEIRD).save()
    canonical = replicated_tables()["customer"].canonical_sql("r", engine())
    row = await fetch_value(f"SELECT {canonical} AS row FROM customer r")
    changes = await log()
    assert row == changes[0]["row_after"]
    decoded = json.loads(row)
    assert list(decoded) == sorted(decoded)
    assert decoded["notes"] == WEIRD
    assert decoded["credit_hold"] is True
    assert row == json.dumps(decoded, ensure_ascii=False, separators=(",", ":")), (
        "compact, as Python writes it"
    )


@pytest.mark.parametrize("code", ["S'H", "", "a b", "x;--"])
async def test_a_branch_code_that_could_be_sql_is_refused(code: str) -> None:
    with pytest.raises(ValueError, match="branch code"):
        await capture.install(code)
