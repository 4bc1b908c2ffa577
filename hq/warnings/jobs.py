"""Looks for early warnings every five minutes."""

import os

from hq.asking import house_of
from hq.settings import HqSettings
from hq.warnings.actions import check
from shared import log
from shared.jobs import job
from shared.settings import load

events = log.get_logger()


@job(every=300, at_start=True, name="early_warnings")
async def look_for_warnings() -> None:
    """Keep what is new, clear what is over."""
    fresh, over = await check(house_of(load(HqSettings, os.environ)))
    if fresh or over:
        events.info("warnings changed", found=fresh, cleared=over)
