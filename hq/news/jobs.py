"""Reads the feeds every half hour."""

import os

from hq.models import NewsFeed
from hq.news.feeds import forget_old, read_feed
from hq.settings import HqSettings
from shared import log
from shared.jobs import job
from shared.settings import load

events = log.get_logger()


@job(queue="feeds", timeout=600, every=1_800, name="news_feeds")
async def read_feeds() -> None:
    """Fetch every active feed, one after the other, and drop what is old."""
    allows_private = load(HqSettings, os.environ).feeds_from_private_addresses
    count = 0
    for feed in await NewsFeed.filter(active=True):
        count += await read_feed(feed, allows_private=allows_private)
    events.info("feeds read", items=count, dropped=await forget_old())
