"""Live pages: one Server-Sent-Events stream per page, many targets, state instead of deltas.

Something that changed calls `hub.publish("figures")`. An open page's stream wakes, waits until its interval has
passed (so that a burst is one message), renders what the page shows now, and htmx morphs it in place. A page that
was away gives Last-Event-ID and gets the present state if anything has changed since; nothing is replayed.

    async def stream(request):
        async def render(changed):
            return [partial("#rows", part_text(request, "fleet/rows.html", view))]
        return live(request, topics=["nodes"], render=render, interval_seconds=1)

In the page: `<div hx-sse:connect="/live" hx-sse:close="paused" data-live></div>`.
"""

import asyncio
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from time import monotonic

from markupsafe import Markup
from sse_starlette import EventSourceResponse, ServerSentEvent
from starlette.requests import Request
from starlette.responses import Response

from shared import clock, i18n
from shared.digits import whole_number
from shared.metrics import HTTP_STREAMS
from shared.web.reader import reading
from shared.web.session import find_session

TICK_SECONDS = 15
STREAMS_PER_SESSION = 4
RECHECK_SECONDS = 60
SEND_SECONDS = 30


@dataclass(frozen=True)
class Push:
    """One message. Without `event` it is html that htmx swaps; with it, data for a script ("s" for a chart).

    `wire` is the whole message as it is sent, for what many streams are told."""

    data: str
    event: str = ""
    wire: bytes = b""


Render = Callable[[Collection[str]], Awaitable[Sequence[Push]]]


def partial(target: str, html: str, swap: str = "innerMorph") -> Push:
    """Html for one place of the page, morphed so that focus and open sections stay."""
    return Push(
        Markup('<hx-partial hx-target="{}" hx-swap="{}">{}</hx-partial>').format(target, swap, Markup(html))
    )


def wire_of(html: str, position: str) -> Push:
    """A message of html that is put into bytes once, for all streams that are told it at this position."""
    return Push(html, wire=ServerSentEvent(data=html, id=position).encode())


@dataclass(eq=False)
class Stream:
    """An open stream: what it listens to, what has changed since it last looked."""

    topics: frozenset[str]
    session: str
    changed: set[str] = field(default_factory=set)
    wake: asyncio.Event = field(default_factory=asyncio.Event)
    is_paused: bool = False
    is_closing: bool = False


class Hub:
    """The open streams of this process. `publish` never waits and may be called from any task of the loop."""

    def __init__(self, site: str = "") -> None:
        self.site = site
        self.epoch = secrets.token_hex(3)
        self.version = 0
        self.changed_at: dict[str, int] = defaultdict(int)
        self.streams: list[Stream] = []
        self.is_stopped = False
        self.forward: Callable[[tuple[str, ...]], None] | None = None

    def start(self) -> None:
        self.is_stopped = False

    async def stop(self) -> None:
        """End every stream; called when the site stops."""
        self.is_stopped = True
        for stream in self.streams:
            stream.is_closing = True
            stream.wake.set()

    def publish(self, *topics: str) -> None:
        """Say that what these topics stand for has changed, here and (with a relay) in the site's other processes."""
        self.wake(topics)
        if self.forward is not None:
            self.forward(topics)

    def wake(self, topics: Collection[str]) -> None:
        """Wake the streams of this process that listen to one of the topics."""
        self.version += 1
        for topic in topics:
            self.changed_at[topic] = self.version
        for stream in self.streams:
            if touched := stream.topics.intersection(topics):
                stream.changed |= touched
                stream.wake.set()

    def open(self, topics: Collection[str], session: str, last_event_id: str = "") -> Stream:
        """A new stream; the oldest of a session with too many is told to pause."""
        own = [stream for stream in self.streams if stream.session == session and not stream.is_paused]
        for oldest in own[: max(0, len(own) - STREAMS_PER_SESSION + 1)]:
            oldest.is_paused = True
            oldest.wake.set()
        stream = Stream(frozenset(topics), session, is_closing=self.is_stopped)
        stream.changed |= self.changed_since(stream.topics, last_event_id)
        if stream.changed or stream.is_closing:
            stream.wake.set()
        self.streams.append(stream)
        HTTP_STREAMS.labels(self.site).set(len(self.streams))
        return stream

    def close(self, stream: Stream) -> None:
        if stream in self.streams:
            self.streams.remove(stream)
            HTTP_STREAMS.labels(self.site).set(len(self.streams))

    def position(self) -> str:
        """The id that goes with a message: which process, how far."""
        return f"{self.epoch}-{self.version}"

    def changed_since(self, topics: Collection[str], last_event_id: str) -> set[str]:
        """What has changed since a message. All topics when the id is from another process; none without an id."""
        if not last_event_id:
            return set()
        epoch, _, version = last_event_id.partition("-")
        number = whole_number(version)
        if epoch != self.epoch or number is None:
            return set(topics)
        return {topic for topic in topics if self.changed_at[topic] > number}


def live(
    request: Request,
    *,
    topics: Collection[str],
    render: Render,
    interval_seconds: float = 5.0,
    refresh_seconds: float = 0.0,
) -> Response:
    """The stream of one page. `render` is called with the changed topics, at most once per interval, in the
    reader's language and rights; the stream ends when the session has ended. With `refresh_seconds` it is also called so long
    after the last time without any topic, for a page that shows how long something has lasted."""
    hub: Hub = request.app.state.hub
    session = str(request.state.session.id) if request.state.session else f"token-{id(request)}"
    if request.method == "HEAD":
        return Response(media_type="text/event-stream")
    stream = hub.open(topics, session, request.headers.get("last-event-id", ""))
    return EventSourceResponse(
        messages(request, hub, stream, render, interval_seconds, refresh_seconds),
        ping=TICK_SECONDS,
        ping_message_factory=tick,
        send_timeout=SEND_SECONDS,
        headers={"x-accel-buffering": "no", "cache-control": "no-store"},
    )


def tick() -> ServerSentEvent:
    """The heartbeat: an event, not a comment, so that the page can notice its absence."""
    return ServerSentEvent(event="tick", data=clock.now().isoformat())


async def messages(
    request: Request,
    hub: Hub,
    stream: Stream,
    render: Render,
    interval_seconds: float,
    refresh_seconds: float,
) -> AsyncIterator[ServerSentEvent | bytes]:
    """1. say where we are  2. wait for a change, or until it is time to refresh  3. render it, wait out the interval, again
    from 2."""
    checked_at = monotonic()
    patience_seconds = min(RECHECK_SECONDS, refresh_seconds or RECHECK_SECONDS)
    try:
        yield ServerSentEvent(event="tick", data=clock.now().isoformat(), id=hub.position(), retry=1_000)
        while True:
            try:
                async with asyncio.timeout(patience_seconds):
                    await stream.wake.wait()
            except TimeoutError:
                pass
            if stream.is_closing:
                return
            if stream.is_paused:
                yield ServerSentEvent(event="paused", data="")
                return
            if monotonic() - checked_at >= RECHECK_SECONDS:
                checked_at = monotonic()
                if request.state.session is not None and await find_session(request) is None:
                    return
            stream.wake.clear()
            changed, stream.changed = frozenset(stream.changed), set()
            if not changed and not refresh_seconds:
                continue
            position = hub.position()
            with i18n.use_locale(request.state.locale), reading(request):
                pushes = await render(changed)
            for push in pushes:
                yield push.wire or ServerSentEvent(data=push.data, event=push.event or None, id=position)
            await asyncio.sleep(interval_seconds)
    finally:
        hub.close(stream)
