"""The sender outlives whatever the line does to it: it pauses and asks again."""

import asyncio
from pathlib import Path

import httpx

from branch_node.replication.sender import Identity, Sender
from shared.database import Database

TRIES = 3


async def test_an_error_nobody_thought_of_does_not_end_the_pushing(
    sqlite_database: Database, tmp_path: Path
) -> None:
    asked: list[str] = []

    def reset_at_the_wrong_moment(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == TRIES:
            sender.stop()
        raise AttributeError("'NoneType' object has no attribute 'getpeername'")

    sender = Sender(Identity("SH", tmp_path), "http://127.0.0.1:1", sqlite_database)
    await sender._http.aclose()
    sender._http = httpx.AsyncClient(
        base_url="http://127.0.0.1:1", transport=httpx.MockTransport(reset_at_the_wrong_moment)
    )
    await asyncio.wait_for(sender.run(), 30)
    assert len(asked) == TRIES
