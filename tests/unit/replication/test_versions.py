"""A column that a later release added: rows of the release before are read, proved and kept as they were; on both engines."""

import datetime
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest

from hq.figures import rollup
from hq.replication import quarantine, verify
from hq.replication.outcome import Outdated, check_schema
from shared.column_words import COLUMNS
from shared.database import Database, engine, execute, fetch_all, fetch_value
from shared.records import REPLICATED, SCHEMA_VERSION, Order
from shared.records.versions import ADDED, FORM, OLDEST_ACCEPTED, added_columns
from shared.replication.columns import replicated_tables, row_reader
from tests.support.databases import ENGINES, Templates, fresh_database
from tests.support.releases import kept_file
from tests.support.wire import Branch, Headquarters, canonical, some_id

DAY = datetime.date(2026, 3, 31)
ORDERS = replicated_tables()["sales_order"]


@pytest.fixture(params=ENGINES)
async def hq(request: pytest.FixtureRequest, templates: Templates, tmp_path: Any) -> AsyncIterator[Headquarters]:  # fmt: skip
    async with fresh_database(templates, request.param, "hq", tmp_path) as database:
        await rollup.install()
        async with Headquarters(database) as opened:
            yield opened


def order(reference: str = "") -> Order:
    return Order(
        branch="SH", number="SH-1", customer_id=some_id(), happened_on=DAY, currency="CNY", base_currency="CNY",
        customer_reference=reference,
    )  # fmt: skip


@pytest.mark.parametrize("reference", ["", 'PO "77"\\\u4e00'])
async def test_a_row_has_the_same_bytes_in_the_log_and_in_a_scan(database: Database, reference: str) -> None:
    await order(reference).save()
    logged = await fetch_value("SELECT row_after FROM change WHERE tbl = 'sales_order'")
    scanned = await fetch_value(f"SELECT {ORDERS.scan_sql('r', engine())} AS row FROM sales_order r")
    assert logged == (scanned.decode() if isinstance(scanned, bytes) else scanned)
    assert json.loads(logged).get("customer_reference", "") == reference
    assert ("customer_reference" in logged) == bool(reference), "left out while it says nothing"


async def test_a_row_of_the_release_before_is_taken_over_and_proved(hq: Headquarters) -> None:
    branch, row = Branch(schema=OLDEST_ACCEPTED), order()
    branch.write(row)
    await hq.receive(branch)
    assert (await verify.verify()).is_proved
    branch.schema = SCHEMA_VERSION
    row.customer_reference = "PO 4500012"
    branch.write(row)
    await hq.receive(branch)
    assert (await verify.verify()).is_proved
    assert await fetch_all("SELECT customer_reference, ext FROM sales_order") == [{"customer_reference": "PO 4500012", "ext": None}]  # fmt: skip


async def test_what_a_newer_form_says_waits_for_the_upgrade(hq: Headquarters) -> None:
    branch = Branch(schema=FORM)
    branch.write(order())
    assert (await hq.receive(branch)).cursor.seq == 1
    assert await fetch_value("SELECT reason FROM quarantined_change") == "newer_schema"
    assert await quarantine.retry("SH") == 0, "nothing here can read it yet"
    await execute("UPDATE quarantined_change SET schema_version = :v", v=SCHEMA_VERSION)
    assert await quarantine.retry("SH") == 1
    assert (await verify.verify()).is_proved


def test_a_release_two_versions_behind_is_told_to_be_upgraded() -> None:
    check_schema(OLDEST_ACCEPTED)
    with pytest.raises(Outdated, match="Upgrade the node") as refused:
        check_schema(OLDEST_ACCEPTED - 1)
    assert (refused.value.status, refused.value.retry_after) == (426, 60)


def test_what_an_added_column_means_by_its_absence_is_its_default() -> None:
    models = {model._meta.db_table: model for model in REPLICATED}
    for table in {name for tables in ADDED.values() for name in tables}:
        found = {models[table]._meta.fields_db_projection_reverse[column]: missing for column, missing in added_columns(table).items()}  # fmt: skip
        assert found == {name: models[table]._meta.fields_map[name].default for name in found}
        assert all(value in (None, "", 0, False) for value in found.values())
        fields = [models[table]._meta.fields_map[name] for name in found]
        assert all(field.null or field.has_db_default() for field in fields), (
            "rows are there when it is added"
        )


def test_added_columns_stand_behind_the_others_in_the_order_of_their_versions() -> None:
    history = {2: {"t": {"b": "", "a": 0}}, 3: {"t": {"A": None}, "other": {"x": ""}}}
    assert list(added_columns("t", history)) == ["a", "b", "A"]
    assert ORDERS.names[-1] == "customer_reference"
    assert [*ORDERS.names[:-1]] == sorted(ORDERS.names[:-1])


def test_a_row_without_the_column_reads_as_one_that_says_nothing() -> None:
    read, values = row_reader(ORDERS, strict=True)
    text = canonical(order())
    assert "customer_reference" not in text
    assert values(read(text.encode()))[-1] == ""


def test_the_release_before_this_schema_is_kept_for_the_tests() -> None:
    assert kept_file(OLDEST_ACCEPTED).exists(), (
        "run `python -m tests.support.releases keep` at the release before"
    )


def test_every_column_has_a_word() -> None:
    names = {name for table in replicated_tables().values() for name in table.names}
    assert names <= COLUMNS.keys()
