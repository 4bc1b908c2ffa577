"""The hub of live pages, and streams over a real connection."""

import asyncio
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit

import httpx
import pytest
from redis.asyncio import Redis
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared.i18n import gettext
from shared.web import live as live_module
from shared.web.live import STREAMS_PER_SESSION, Hub, Push, live, partial
from shared.web.relay import announce, channel_of, relay
from shared.web.routing import PUBLIC, SIGNED_IN, Route
from tests.support.services import REDIS_URL, missing
from tests.support.web_site import PASSWORD, Served, tea_app


class TestHub:
    def test_only_those_who_listen_wake(self) -> None:
        hub = Hub()
        cups, pots = hub.open(["cups"], "a"), hub.open(["pots"], "a")
        hub.publish("cups", "plates")
        assert (cups.changed, pots.changed) == ({"cups"}, set())
        assert cups.wake.is_set() and not pots.wake.is_set()

    def test_many_changes_are_one_waking(self) -> None:
        hub = Hub()
        stream = hub.open(["cups", "pots"], "a")
        for _ in range(100):
            hub.publish("cups")
        assert stream.changed == {"cups"}

    def test_who_was_away_learns_what_changed_meanwhile(self) -> None:
        hub = Hub()
        hub.publish("cups")
        seen = hub.position()
        hub.publish("pots")
        assert hub.open(["cups", "pots"], "a", seen).changed == {"pots"}
        assert hub.open(["cups"], "a", seen).changed == set()
        assert hub.open(["cups"], "a").changed == set()

    def test_after_a_restart_everything_counts_as_changed(self) -> None:
        before = Hub()
        before.publish("cups")
        assert Hub().open(["cups", "pots"], "a", before.position()).changed == {"cups", "pots"}
        assert Hub().open(["cups"], "a", "garbage").changed == {"cups"}

    def test_the_fifth_stream_of_a_session_pauses_the_oldest(self) -> None:
        hub = Hub()
        streams = [hub.open(["cups"], "a") for _ in range(STREAMS_PER_SESSION)]
        other = hub.open(["cups"], "b")
        hub.open(["cups"], "a")
        assert [stream.is_paused for stream in streams] == [True, False, False, False]
        assert not other.is_paused
        hub.open(["cups"], "a")
        assert [stream.is_paused for stream in streams] == [True, True, False, False]

    async def test_a_stopped_hub_closes_what_is_open_and_what_comes(self) -> None:
        hub = Hub()
        stream = hub.open(["cups"], "a")
        await hub.stop()
        assert stream.is_closing and stream.wake.is_set()
        assert hub.open(["cups"], "a").is_closing


def test_a_partial_is_morphed_into_its_place() -> None:
    assert partial("#rows", "<b>1</b>").data == (
        '<hx-partial hx-target="#rows" hx-swap="innerMorph"><b>1</b></hx-partial>'
    )


async def stream(request: Request) -> Response:
    async def render(changed: Collection[str]) -> Sequence[Push]:
        return [partial("#a", gettext("Save")), Push(",".join(sorted(changed)), "s")]

    return live(request, topics=["cups", "pots"], render=render, interval_seconds=0.05)


async def publish(request: Request) -> Response:
    request.app.state.hub.publish(request.path_params["topic"])
    return PlainTextResponse(str(len(request.app.state.hub.streams)))


PROJECT = Path(live_module.__file__).parents[2]
ROUTES = [Route("GET", "/stream", stream, SIGNED_IN), Route("GET", "/publish/{topic}", publish, PUBLIC)]


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Served]:
    with Served(tea_app(tmp_path, ROUTES)) as served:
        yield served


@contextmanager
def signed_in(url: str) -> Iterator[httpx.Client]:
    """A client of somebody signed in."""
    with httpx.Client(base_url=url, timeout=10) as found:
        page = found.get("/sign-in").text
        token = page.split('name="csrf" value="')[1].split('"')[0]
        found.post("/sign-in", data={"csrf": token, "username": "lin", "password": PASSWORD})
        yield found


@pytest.fixture
def client(site: Served) -> Iterator[httpx.Client]:
    with signed_in(site.url) as found:
        yield found


@contextmanager
def listening(client: httpx.Client, **headers: str) -> Iterator[Iterator[dict[str, str]]]:
    """The events of a stream, one dictionary each."""
    with client.stream("GET", "/stream", headers=headers) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers["x-accel-buffering"] == "no"
        assert "content-encoding" not in answer.headers
        yield events(answer)


def events(answer: httpx.Response) -> Iterator[dict[str, str]]:
    found: dict[str, str] = {}
    for line in answer.iter_lines():
        if line:
            name, _, value = line.partition(": ")
            found[name] = value
        elif found:
            yield found
            found = {}


def test_a_change_reaches_an_open_page_in_its_language(client: httpx.Client) -> None:
    with listening(client) as heard:
        assert next(heard)["event"] == "tick"
        client.get("/publish/cups")
        html, data = next(heard), next(heard)
    assert html["data"] == '<hx-partial hx-target="#a" hx-swap="innerMorph">Save</hx-partial>'
    assert (data["event"], data["data"]) == ("s", "cups")
    assert html["id"] == data["id"]


def test_a_page_that_comes_back_gets_what_it_missed(client: httpx.Client) -> None:
    with listening(client) as heard:
        position = next(heard)["id"]
    client.get("/publish/pots")
    with listening(client, **{"last-event-id": position}) as heard:
        assert [next(heard).get("event", "") for _ in range(3)] == ["tick", "", "s"]


def test_a_silent_stream_ticks(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live_module, "TICK_SECONDS", 1)
    with listening(client) as heard:
        ticks = [next(heard), next(heard)]
    assert [tick["event"] for tick in ticks] == ["tick", "tick"]


def test_the_oldest_of_five_windows_is_told_that_it_is_paused(client: httpx.Client) -> None:
    with listening(client) as first:
        next(first)
        with ExitStack() as windows:
            others = [windows.enter_context(listening(client)) for _ in range(STREAMS_PER_SESSION)]
            assert [next(other)["event"] for other in others] == ["tick"] * STREAMS_PER_SESSION
            assert next(first)["event"] == "paused"


def test_a_stream_needs_a_session_and_ends_with_it(
    site: Served, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert httpx.get(f"{site.url}/stream").status_code == 303
    monkeypatch.setattr(live_module, "RECHECK_SECONDS", 0.2)
    token = client.get("/me").text.split('name="csrf" value="')[1].split('"')[0]
    with listening(client) as heard:
        next(heard)
        client.post("/sign-out", data={"csrf": token})
        assert list(heard) == []


STAND_ALONE = """
import sys, uvicorn
from pathlib import Path
from secrets import token_hex
from urllib.parse import urlsplit
from tests.support.services import REDIS_URL, missing
from tests.support.web_site import tea_app
from tests.unit.web.test_live import ROUTES
config = uvicorn.Config(tea_app(Path(sys.argv[1]), ROUTES), port=0, timeout_graceful_shutdown=20, log_level="info")
uvicorn.Server(config).run()
"""


def test_a_terminated_site_ends_at_once_although_streams_are_open(tmp_path: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-c", STAND_ALONE, str(tmp_path)], stderr=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert process.stderr is not None
    with process, process.stderr:
        line = next(line for line in process.stderr if "running on" in line)
        with signed_in(re.search(r"http://[\d.:]+", line)[0]) as client, listening(client) as heard:  # type: ignore[index]
            next(heard)
            began = time.monotonic()
            process.terminate()
            with suppress(httpx.RemoteProtocolError):
                assert list(heard) == []
        assert process.wait(timeout=15) in (0, -signal.SIGTERM)
        assert time.monotonic() - began < 10


class TestRelay:
    """Two processes of one site, one broker."""

    pytestmark = pytest.mark.redis

    @pytest.fixture
    def url(self) -> str:
        parts = urlsplit(REDIS_URL)
        try:
            socket.create_connection((parts.hostname or "127.0.0.1", parts.port or 6379), timeout=2).close()
        except OSError:
            missing(f"no Redis answers at {parts.hostname}:{parts.port}")
        return REDIS_URL

    async def test_what_one_process_says_wakes_the_other_once(self, url: str) -> None:
        site = f"tea-{token_hex(4)}"
        here, there = Hub(site), Hub(site)
        async with relay(url)(app_of(here)), relay(url)(app_of(there)):
            stream = there.open(["cups"], "a")
            await until_subscribed(url, site, 2)
            here.publish("cups", "pots")
            await asyncio.wait_for(stream.wake.wait(), 5)
            assert stream.changed == {"cups"}
            assert (here.version, there.version) == (1, 1)

    async def test_a_worker_without_pages_can_say_it_too(self, url: str) -> None:
        site = f"tea-{token_hex(4)}"
        hub = Hub(site)
        async with relay(url)(app_of(hub)):
            stream = hub.open(["cups"], "a")
            await until_subscribed(url, site, 1)
            await announce(url, site, "cups")
            await asyncio.wait_for(stream.wake.wait(), 5)
            assert stream.changed == {"cups"}

    async def test_a_broker_that_is_away_does_not_stop_the_site(self) -> None:
        hub = Hub("tea")
        async with relay("redis://127.0.0.1:1/0")(app_of(hub)):
            stream = hub.open(["cups"], "a")
            hub.publish("cups")
            assert stream.changed == {"cups"}


def app_of(hub: Hub) -> Starlette:
    app = Starlette()
    app.state.hub = hub
    return app


async def until_subscribed(url: str, site: str, count: int) -> None:
    """Wait until so many processes listen."""
    client = Redis.from_url(url)
    try:
        while (await client.pubsub_numsub(channel_of(site)))[0][1] < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    finally:
        await client.aclose()
