"""The sending process of the replication bench: pushes until headquarters has everything, then prints how long it took."""

import asyncio
import json
import os
import shutil
import sys
import time
from pathlib import Path

import httpx

from branch_node.models import BRANCH_APP
from branch_node.replication.models import ReplicationCheckpoint, ReplicationState
from branch_node.replication.sender import Identity, Sender
from shared.database.context import connect
from shared.records import RECORDS_APP
from shared.web.models import WEB_APP

APPS = [RECORDS_APP, WEB_APP, BRANCH_APP]


class Counting(httpx.AsyncHTTPTransport):
    """Counts the bytes of request bodies."""

    sent = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        Counting.sent += len(request.content)
        return await super().handle_async_request(request)


async def push(branch_url: str, hq_url: str, folder: Path, count: int) -> None:
    """One drain of the whole log, beginning with an empty headquarters."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(os.environ["BENCH_KEY"], folder / "node.key")
    (folder / "node.key").chmod(0o600)
    database = await connect(branch_url, APPS, globally=True)
    with database.use():
        await ReplicationCheckpoint.all().delete()
        await ReplicationState.all().delete()
    sender = Sender(Identity("SH", folder), hq_url, database)
    sender._http = httpx.AsyncClient(base_url=hq_url, timeout=60.0, transport=Counting())
    begun = time.perf_counter()
    task = asyncio.create_task(sender.run())
    with database.use():
        while True:
            state = await ReplicationState.get_or_none(id=1)
            if state is not None and state.acked_seq >= count:
                break
            await asyncio.sleep(0.02)
    seconds = time.perf_counter() - begun
    sender.stop()
    await task
    await database.close()
    print(json.dumps({"seconds": seconds, "wire_bytes": Counting.sent}))


if __name__ == "__main__":
    asyncio.run(push(sys.argv[1], sys.argv[2], Path(sys.argv[3]), int(sys.argv[4])))
