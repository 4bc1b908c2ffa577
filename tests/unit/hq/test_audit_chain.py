"""Headquarters' audit entries are chained; whatever is done to one afterwards is found, on both engines."""

import asyncio
import re

import pytest

from hq.audit.actions import note
from hq.audit.chain import adopt, prove
from shared.database import Database, execute, fetch_all, transaction
from shared.ids import new_id
from shared.records import COMPANY, AuditEntry
from tests.support.hq_site import Headquarters, site_on_each_engine
from tests.support.hq_world import TODAY
from tests.support.site_client import Client
from tests.support.web_site import in_app

site = site_on_each_engine


async def acted(count: int) -> None:
    for place in range(count):
        await note("view.printed", "paper", new_id(), {"place": place, "name": "销售 / sales"})


def unchained_entry() -> AuditEntry:
    return AuditEntry(
        branch=COMPANY, happened_on=TODAY, person_name="Mallory", action="view.printed", details={"n": 1}
    )


async def test_the_chain_of_what_was_written_is_whole(hq: Database) -> None:
    assert (await prove()).is_whole
    await acted(3)
    await asyncio.gather(*(acted(2) for _ in range(3)))
    found = await prove()
    assert (found.is_whole, found.last) == (True, 9)
    with pytest.raises(RuntimeError):
        async with transaction():
            await acted(1)
            raise RuntimeError
    assert await prove() == found


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE audit_entry SET person_name = 'Mallory' WHERE id = :third",
        "UPDATE audit_entry SET details = '{}' WHERE id = :third",
        "UPDATE audit_entry SET recorded_at = recorded_at - 1 WHERE id = :third",
        "UPDATE audit_entry SET deleted_at = recorded_at WHERE id = :third",
        "DELETE FROM audit_entry WHERE id = :third",
        "DELETE FROM hq_audit_link WHERE entry_id = :third",
        "UPDATE hq_audit_link SET chain = '00000000000000000000000000000000' WHERE entry_id = :third",
    ],
)
async def test_an_entry_that_was_touched_breaks_the_chain_at_its_place(hq: Database, tampering: str) -> None:
    await acted(5)
    third = (await fetch_all("SELECT entry_id FROM hq_audit_link WHERE seq = 3"))[0]["entry_id"]
    await execute(tampering, third=third)
    found = await prove()
    assert (found.is_whole, found.broken_at, found.last) == (False, 3, 2)


async def test_the_newest_entry_cannot_be_cut_off_nor_one_slipped_in(hq: Database) -> None:
    await acted(2)
    await unchained_entry().save(force_create=True)
    assert (await prove()).unchained == 1
    await execute("DELETE FROM audit_entry WHERE person_name = 'Mallory'")
    assert (await prove()).is_whole
    await execute("DELETE FROM hq_audit_link WHERE seq = 2")
    assert (await prove()).broken_at == 2


async def test_entries_from_before_the_chain_are_chained_once(hq: Database) -> None:
    for _ in range(3):
        await unchained_entry().save(force_create=True)
    assert await adopt() == 3
    await acted(1)
    assert (await prove()).last == 4
    await unchained_entry().save(force_create=True)
    assert await adopt() == 0
    assert (await prove()).unchained == 1


def test_the_page_shows_the_proof_to_who_sees_all_branches(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    tang.open("/audit")
    assert "Verify the chain now" in tang.text()
    tang.open("/audit?proof=1")
    assert re.search(r"Chain verified: entries 1 to \d+ are as they were written", tang.text())

    async def alter() -> None:
        await execute(
            "UPDATE audit_entry SET person_name = 'Mallory' WHERE id = (SELECT entry_id FROM hq_audit_link WHERE seq = 2)"
        )

    in_app(site.app, alter)
    tang.open("/audit?proof=1")
    assert "The chain is broken at entry 2" in tang.text()
    assert 'role="alert"' in tang.page
