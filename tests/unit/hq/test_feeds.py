"""News feeds: only http(s), only public addresses, within bounds, as plain text, each item once."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from hq.models import FeedItem, NewsFeed
from hq.news import feeds
from hq.news.feeds import FeedRefused, check_url, fetch, plain, public_address, read_feed, share_item
from shared.database import Database
from shared.records import NewsItem
from tests.support.hq_world import NOON

ATOM = b"""<?xml version="1.0"?><feed xmlns="http://www.w3.org/2005/Atom"><title>Trade</title>
<entry><id>1</id><title>Copper &lt;b&gt;up&lt;/b&gt;</title><link href="/copper"/><updated>2026-11-19T08:00:00Z</updated>
<summary type="html">&lt;script&gt;alert(1)&lt;/script&gt;Up &lt;i&gt;two&lt;/i&gt; per cent</summary></entry>
<entry><id>2</id><title>Trap</title><link href="javascript:alert(1)"/><updated>2026-11-18T08:00:00Z</updated></entry></feed>"""


class Source(BaseHTTPRequestHandler):
    """A site with a feed, a page that is none, an endless one, and ways to other places."""

    def do_GET(self) -> None:
        if self.headers.get("if-none-match") == "v1" and self.path == "/feed":
            self.send_response(304)
            self.end_headers()
            return
        if self.path == "/away":
            self.send_response(302)
            self.send_header("location", "file:///etc/passwd")
            self.end_headers()
            return
        self.send_response(404 if self.path == "/gone" else 200)
        self.send_header("etag", "v1")
        self.end_headers()
        body = {"/feed": ATOM, "/page": b"<html>hello</html>", "/large": b"x" * 2_100_000}.get(self.path, b"")
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Quiet."""


@pytest.fixture
def source() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Source)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join()


async def test_items_are_plain_text_and_kept_once_and_shared_by_choice(hq: Database, source: str) -> None:
    feed = await NewsFeed.create(name="Trade", url=f"{source}/feed")
    assert await read_feed(feed, allows_private=True) == 2
    items = {item.title: item for item in await FeedItem.all()}
    assert set(items) == {"Copper up", "Trap"}
    assert items["Copper up"].summary == "Up two per cent"
    assert items["Copper up"].link == f"{source}/copper"
    assert items["Trap"].link == ""
    assert await read_feed(feed, allows_private=True) == 0
    feed.etag = ""
    assert await read_feed(feed, allows_private=True) == 0
    await share_item(items["Copper up"].id)
    await share_item(items["Copper up"].id)
    assert await NewsItem.filter(title="Copper up", source="Trade").count() == 1


async def test_what_cannot_be_taken_is_said_at_the_feed(hq: Database, source: str) -> None:
    for path, words in (
        ("/page", "neither RSS nor Atom"),
        ("/large", "larger than 2 MB"),
        ("/gone", "404"),
        ("/away", "only http"),
    ):
        feed = await NewsFeed.create(name=path, url=source + path)
        assert await read_feed(feed, allows_private=True) == 0
        assert words in feed.error
    closed = await NewsFeed.create(name="own network", url=f"{source}/feed?again")
    assert await read_feed(closed) == 0
    assert "private" in closed.error


@pytest.mark.parametrize(
    "url",
    ["file:///etc/passwd", "ftp://a.example/x", "http://user:word@a.example/", "http:///x", "gopher://a"],
)
def test_only_http_addresses_are_fetched(url: str) -> None:
    with pytest.raises(FeedRefused):
        check_url(url)


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "10.0.0.8", "192.168.1.1", "169.254.169.254", "::1", "0.0.0.0", "fd00::1"]
)
def test_private_addresses_are_refused(host: str) -> None:
    with pytest.raises(FeedRefused):
        public_address(host, 80)


async def test_a_private_address_is_refused_before_anything_is_sent(source: str) -> None:
    with pytest.raises(FeedRefused, match="private"):
        await fetch(f"{source}/feed")


def test_long_texts_are_cut_at_a_word() -> None:
    assert plain("one two three", 8) == "one two"
    assert feeds.read_items(ATOM, "http://a.example/f", NOON)[0].title == "Copper up"
