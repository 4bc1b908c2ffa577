"""A branch served by several processes has one sender; the next takes over when it ends."""

import datetime

from branch_node.replication.place import Place
from shared.database import Database, execute
from shared.database.nudge import Nudge
from shared.records import Customer

DAY = datetime.date(2026, 1, 2)


async def test_of_two_senders_one_has_the_place_until_it_leaves(database: Database) -> None:
    first, second = Place(database, Nudge()), Place(database, Nudge())
    assert await first.take()
    is_shared = database.path is not None  # SQLite: one process serves it, there is no second
    assert await second.take() is is_shared
    await first.leave()
    assert await second.take()
    await second.leave()


async def test_who_loses_its_session_loses_the_place_and_gets_it_again(database: Database) -> None:
    place = Place(database, Nudge())
    assert await place.take()
    if database.path is None:
        await execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND granted AND pid <> pg_backend_pid() "
            "AND database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        )
        while place.is_held:  # until the session's end has been read from its socket
            await execute("SELECT 1")
    assert await place.take()
    assert place.is_held
    await place.leave()


async def test_a_commit_of_another_process_wakes_the_one_that_sends(database: Database) -> None:
    nudge = Nudge()
    place = Place(database, nudge)
    await place.take()
    if database.path is not None:
        nudge.listen()
    await Customer.create(branch="SH", code="1", name="Hengda", currency="CNY", acquired_on=DAY)
    assert await nudge.wait(10)
    nudge.forget()
    await place.leave()
