"""Carries what changed between the processes of one site: several web processes, or a worker that has no pages.

Inside one process the hub needs none of this. With REDIS_URL set a site gives `relay(url)` among its resources;
a worker calls `announce`. A message that is lost costs a page one update, never the truth: streams send state.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from redis.asyncio import Redis
from redis.exceptions import RedisError
from starlette.applications import Starlette

from shared import log
from shared.web.live import Hub

RETRY_SECONDS = 2.0
QUEUE_LENGTH = 1_000

events = log.get_logger()


def channel_of(site: str) -> str:
    """The channel of one site; several sites may share a broker."""
    return f"trunkline:live:{site}"


async def announce(url: str, site: str, *topics: str) -> None:
    """Tell every web process of a site that these topics have changed. Raises RedisError when the broker is away."""
    client = Redis.from_url(url)
    try:
        await client.publish(channel_of(site), json.dumps({"from": "", "topics": topics}))
    finally:
        await client.aclose()


def relay(url: str) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    """A resource of `site_app`: what one process publishes wakes the streams of all."""

    @asynccontextmanager
    async def run(app: Starlette) -> AsyncIterator[None]:
        hub: Hub = app.state.hub
        client = Redis.from_url(url)
        outgoing: asyncio.Queue[tuple[str, ...]] = asyncio.Queue(QUEUE_LENGTH)
        hub.forward = lambda topics: None if outgoing.full() else outgoing.put_nowait(topics)
        tasks = [
            asyncio.create_task(forever("relay sends", lambda: send(client, hub, outgoing))),
            asyncio.create_task(forever("relay listens", lambda: listen(client, hub))),
        ]
        try:
            yield
        finally:
            hub.forward = None
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await client.aclose()

    return run


async def forever(name: str, work: Callable[[], Awaitable[None]]) -> None:
    """Run `work` again whenever the broker goes away, until cancelled."""
    while True:
        try:
            await work()
        except (RedisError, OSError) as error:
            events.warning("relay interrupted", part=name, error=repr(error))
            await asyncio.sleep(RETRY_SECONDS)


async def send(client: Redis, hub: Hub, outgoing: asyncio.Queue[tuple[str, ...]]) -> None:
    """Publish what this process says, one message for all that waits."""
    while True:
        topics = set(await outgoing.get())
        while not outgoing.empty():
            topics.update(outgoing.get_nowait())
        content = json.dumps({"from": hub.epoch, "topics": sorted(topics)})
        await client.publish(channel_of(hub.site), content)


async def listen(client: Redis, hub: Hub) -> None:
    """Wake the streams of this process for what the others say."""
    async with client.pubsub() as subscription:
        await subscription.subscribe(channel_of(hub.site))
        async for message in subscription.listen():
            if message["type"] != "message":
                continue
            content = json.loads(message["data"])
            if content["from"] != hub.epoch:
                hub.wake(content["topics"])
