"""Industry news from RSS and Atom: fetched within bounds, from public addresses only, cleaned to plain text, kept once."""

import asyncio
import hashlib
import ipaddress
import re
import socket
from calendar import timegm
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any
from urllib.parse import urljoin, urlsplit
from uuid import UUID

import httpx

from hq.models import FeedItem, NewsFeed
from hq.news.actions import enter_news
from shared import clock, log
from shared.database import transaction
from shared.errors import Invalid, NotFound
from shared.i18n import N_, gettext
from shared.periods import local_date

events = log.get_logger()

BYTES_MOST = 2_000_000
SECONDS_MOST = 15.0
REDIRECTS_MOST = 3
ITEMS_MOST = 100
KEEP_DAYS = 60
ZONE = "Asia/Shanghai"
_TAGS = re.compile(r"<[^>]*>")
_DROPPED = re.compile(r"<(script|style)\b.*?</\1\s*>", re.S | re.I)
_BLANKS = re.compile(r"\s+")


class FeedRefused(Exception):
    """A feed that cannot be taken; the message says why, in plain words for the page."""


@dataclass(frozen=True)
class Item:
    """An item as plain text; `mark` is the same for the same item."""

    mark: str
    title: str
    link: str
    summary: str
    published_at: datetime


ANSWERS = re.compile(r"the site answers (\d+)")
REASONS = frozenset(
    {
        "only http:// and https:// addresses without a user name", "the port is not a number", "the name of the site is not known",
        "the address lies in a private network", "the feed is larger than 2 MB", "too many redirections", "this is neither RSS nor Atom",
    }
)  # fmt: skip


def trouble_words(error: str) -> str:
    """What went wrong with a feed, in the reader's language; what a library said of a connection stays as it said it."""
    if answered := ANSWERS.fullmatch(error):
        return gettext("the site answers %(status)s", status=answered[1])
    return gettext(error) if error in REASONS else gettext("no connection: %(reason)s", reason=error)


def check_url(url: str) -> tuple[str, str, int]:
    """(scheme, host, port) of an address that may be fetched. FeedRefused for anything but http and https."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.username:
        raise FeedRefused(N_("only http:// and https:// addresses without a user name"))
    try:
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise FeedRefused(N_("the port is not a number")) from None
    return parts.scheme, parts.hostname, port


def public_address(host: str, port: int, *, allows_private: bool = False) -> str:
    """One address of a host. FeedRefused when it has none or any of them is not public (own network, this machine)."""
    try:
        found = {str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)}
    except OSError:
        raise FeedRefused(N_("the name of the site is not known")) from None
    for address in found:
        if not allows_private and not ipaddress.ip_address(address.partition("%")[0]).is_global:
            raise FeedRefused(N_("the address lies in a private network"))
    return sorted(found)[0]


async def fetch(
    url: str, *, etag: str = "", modified: str = "", allows_private: bool = False
) -> tuple[bytes | None, str, str]:
    """(content, etag, last-modified); content None when nothing has changed. FeedRefused when it cannot be had.

    The connection goes to the address that was checked, so that a name cannot answer differently the second time."""
    for _hop in range(REDIRECTS_MOST + 1):
        scheme, host, port = check_url(url)
        address = await asyncio.to_thread(public_address, host, port, allows_private=allows_private)
        parts = urlsplit(url)
        shown = f"[{address}]" if ":" in address else address
        target = parts._replace(netloc=f"{shown}:{port}").geturl()
        headers = {"host": parts.netloc, "user-agent": "Trunkline", "accept": "application/rss+xml, application/atom+xml, application/xml, text/xml"}  # fmt: skip
        headers |= {
            name: value for name, value in (("if-none-match", etag), ("if-modified-since", modified)) if value
        }
        extensions = {"sni_hostname": host} if scheme == "https" else {}
        async with (
            httpx.AsyncClient(timeout=SECONDS_MOST, trust_env=False) as client,
            client.stream("GET", target, headers=headers, extensions=extensions) as answer,
        ):
            if answer.status_code in (301, 302, 303, 307, 308):
                url = urljoin(url, answer.headers.get("location", ""))
                continue
            if answer.status_code == 304:
                return None, etag, modified
            if answer.status_code != 200:
                raise FeedRefused(f"the site answers {answer.status_code}")
            content = b""
            async for piece in answer.aiter_bytes():
                content += piece
                if len(content) > BYTES_MOST:
                    raise FeedRefused(N_("the feed is larger than 2 MB"))
            return content, answer.headers.get("etag", "")[:200], answer.headers.get("last-modified", "")[:80]
    raise FeedRefused(N_("too many redirections"))


def plain(html: str, most: int) -> str:
    """Text without tags, scripts and runs of blanks, cut at a word."""
    text = _BLANKS.sub(" ", unescape(_TAGS.sub(" ", _DROPPED.sub(" ", html)))).strip()
    text = _TAGS.sub(" ", text).replace("\x00", "")
    return text if len(text) <= most else text[:most].rsplit(" ", 1)[0].rstrip()


def read_items(content: bytes, feed_url: str, now: datetime) -> list[Item]:
    """The items of a feed, newest first, at most ITEMS_MOST; FeedRefused when it is none."""
    import feedparser

    parsed: Any = feedparser.parse(content, sanitize_html=True, resolve_relative_uris=False)
    if not parsed.entries and not parsed.get("version"):
        raise FeedRefused(N_("this is neither RSS nor Atom"))
    found = []
    for entry in parsed.entries[:ITEMS_MOST]:
        title = plain(str(entry.get("title", "")), 300)
        link = urljoin(feed_url, str(entry.get("link", "")))[:500]
        if not link.startswith(("http://", "https://")):
            link = ""
        if not title:
            continue
        stamp = entry.get("published_parsed") or entry.get("updated_parsed")
        at = datetime.fromtimestamp(timegm(stamp), UTC) if stamp else now
        mark = hashlib.sha256(f"{feed_url}\n{entry.get('id') or link or title}".encode()).hexdigest()
        found.append(Item(mark, title, link, plain(str(entry.get("summary", "")), 1_000), min(at, now)))
    return sorted(found, key=lambda item: item.published_at, reverse=True)


async def add_feed(name: str, url: str, *, shares: bool) -> NewsFeed:
    """A new source. Invalid for an address that is not http(s) or is known already."""
    try:
        check_url(url)
    except FeedRefused:
        message = N_("Enter an address that begins with http:// or https://.")
        raise Invalid(message, fields={"url": message}) from None
    if await NewsFeed.filter(url=url).exists():
        message = N_("This feed is in the list already.")
        raise Invalid(message, fields={"url": message})
    return await NewsFeed.create(name=name, url=url, shares=shares)


async def remove_feed(feed_id: UUID) -> None:
    """Forget a source and what was not shared of it; may be called twice."""
    await NewsFeed.filter(id=feed_id).delete()


async def read_feed(feed: NewsFeed, *, allows_private: bool = False) -> int:
    """Fetch one feed and keep what is new; how many items. What went wrong stands at the feed, nothing is raised."""
    now = clock.now()
    feed.checked_at = now
    try:
        content, feed.etag, feed.modified = await fetch(
            feed.url, etag=feed.etag, modified=feed.modified, allows_private=allows_private
        )
        items = read_items(content, feed.url, now) if content is not None else []
        feed.error = ""
    except (FeedRefused, httpx.HTTPError, OSError) as wrong:
        feed.error = (str(wrong) or type(wrong).__name__)[:300]
        await feed.save()
        return 0
    count = await keep(feed, items)
    await feed.save()
    return count


async def keep(feed: NewsFeed, items: Sequence[Item]) -> int:
    """Keep the items that are not known yet; those of a feed that shares become news at once."""
    known = set(await FeedItem.filter(mark__in=[item.mark for item in items]).values_list("mark", flat=True))
    fresh = [item for item in items if item.mark not in known]
    for item in fresh:
        async with transaction():
            row = await FeedItem.create(
                feed=feed, mark=item.mark, title=item.title, link=item.link, summary=item.summary,
                published_at=item.published_at,
            )  # fmt: skip
            if feed.shares:
                await share(row, feed.name)
    return len(fresh)


async def share(row: FeedItem, source: str) -> None:
    """An item as news for every branch; twice makes one."""
    if row.news_id is None:
        on = local_date(row.published_at, ZONE)
        news = await enter_news(row.title, row.link, source, row.summary, on)
        row.news_id = news.id
        await row.save()


async def share_item(item_id: UUID) -> None:
    """Share one item. NotFound when there is none."""
    async with transaction():
        row = await FeedItem.get_or_none(id=item_id).prefetch_related("feed")
        if row is None:
            raise NotFound()
        await share(row, row.feed.name)


async def forget_old() -> int:
    """Drop items older than KEEP_DAYS; what was shared stays as news."""
    return await FeedItem.filter(published_at__lt=clock.now() - timedelta(days=KEEP_DAYS)).delete()
