"""Browsers in front of a site that runs in the test's own thread, between two steps of the test.

Starlette's TestClient runs the site in another thread, and each request crosses to it a dozen times: half of what a small page costs a test.
Here the loop of the site moves on while a request is answered; what the site does by itself waits in between. Where a loop runs in
this thread already (an async test, Playwright) the site is TestClient's.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx2
from starlette.applications import Starlette
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

T = TypeVar("T")
BASE = "http://testserver"


class RunningSite:
    """A started site on a loop of this thread."""

    def __init__(self, app: Starlette) -> None:
        self.app = app
        self._loop = asyncio.new_event_loop()
        self._over = asyncio.Event()
        self._life: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Raises what the site's start raises."""
        self.run(self._begin())

    def stop(self) -> None:
        """The site ends, then what is left on its loop."""
        try:
            self._over.set()
            if self._life is not None and not self._life.done():
                self.run(self._life)
        finally:
            left = asyncio.all_tasks(self._loop)
            for task in left:
                task.cancel()
            if left:
                self.run(asyncio.wait(left))
            self.run(self._loop.shutdown_asyncgens())
            self.run(self._loop.shutdown_default_executor())
            self._loop.close()

    def run(self, work: Awaitable[T]) -> T:
        """What comes of it; the site goes on meanwhile."""
        return self._loop.run_until_complete(work)

    async def _begin(self) -> None:
        started = asyncio.Event()
        self._life = asyncio.create_task(self._live(started))
        starting = asyncio.create_task(started.wait())
        await asyncio.wait([self._life, starting], return_when=asyncio.FIRST_COMPLETED)
        if self._life.done():
            starting.cancel()
            await self._life

    async def _live(self, started: asyncio.Event) -> None:
        """In one task, as a server does: what is bound at the start is unbound at the end."""
        async with self.app.router.lifespan_context(self.app):
            started.set()
            await self._over.wait()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scope.setdefault("state", {})
        await self.app(scope, receive, send)


class SiteClient:
    """One browser: cookies of its own, follows redirects; a failure of the site is an answer with status 500."""

    def __init__(self, site: RunningSite, headers: Mapping[str, str]) -> None:
        self.site, self.app, self._first_headers = site, site.app, headers
        transport = httpx2.ASGITransport(site, raise_app_exceptions=False, client=("testclient", 50_000))
        self._client = httpx2.AsyncClient(
            transport=transport, base_url=BASE, headers=headers, follow_redirects=True
        )

    @property
    def cookies(self) -> httpx2.Cookies:
        return self._client.cookies

    @property
    def headers(self) -> httpx2.Headers:
        return self._client.headers

    def another(self) -> "SiteClient":
        return SiteClient(self.site, self._first_headers)

    def inside(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        """Run a coroutine on the loop of the site."""
        return self.site.run(work())

    def request(self, method: str, url: str, **given: Any) -> httpx2.Response:
        content = given.get("content")
        if content is not None and not isinstance(content, str | bytes):
            given["content"] = in_pieces(content)
        return self.site.run(self._client.request(method, url, **given))

    def get(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("GET", url, **given)

    def head(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("HEAD", url, **given)

    def options(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("OPTIONS", url, **given)

    def post(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("POST", url, **given)

    def put(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("PUT", url, **given)

    def patch(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("PATCH", url, **given)

    def delete(self, url: str, **given: Any) -> httpx2.Response:
        return self.request("DELETE", url, **given)


class ThreadClient(TestClient):
    """The same of a site in another thread, which goes on while the test does something else."""

    def __init__(self, app: Starlette, headers: Mapping[str, str]) -> None:
        super().__init__(app, raise_server_exceptions=False, headers=dict(headers))
        self._first_headers = headers

    def another(self) -> "ThreadClient":
        client = ThreadClient(self.app, self._first_headers)  # type: ignore[arg-type]
        client.portal = self.portal
        return client

    def inside(self, work: Callable[[], Coroutine[Any, Any, T]]) -> T:
        assert self.portal is not None
        return self.portal.call(work)


Client = SiteClient | ThreadClient


@contextmanager
def client_of(app: Starlette, *, language: str = "en", in_thread: bool = False) -> Iterator[Client]:
    """A browser in front of a running site; `language`: what it asks for, empty for nothing."""
    headers = {"user-agent": "testclient", **({"accept-language": language} if language else {})}
    if in_thread or has_loop():
        with ThreadClient(app, headers) as client:
            yield client
        return
    site = RunningSite(app)
    try:
        site.start()
        yield SiteClient(site, headers)
    finally:
        site.stop()


async def in_pieces(content: Iterable[bytes]) -> AsyncIterator[bytes]:
    """What a sender writes bit by bit."""
    for piece in content:
        yield piece


def has_loop() -> bool:
    """Whether a loop runs in this thread."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
