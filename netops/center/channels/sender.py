"""Sends what the outbox holds. A notice belongs to the sender that claimed it by a conditional update; whoever else tries finds
nothing to update. A sender that dies after sending and before noting it may send one notice twice, never none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from uuid import uuid4

from netops.center.channels.rules import CLAIM_SECONDS, MOST_TRIES, pause_seconds
from netops.center.models import Channel, Notice
from shared import log
from shared.database import execute
from shared.i18n import N_

Deliver = Callable[[str, str, str], Awaitable[None]]
"""address, subject, body; raises DeliveryFailed."""

events = log.get_logger()


class DeliveryFailed(Exception):
    """The message did not reach its channel; the text says why, without the address."""


async def send_due(deliver: Deliver, now: datetime, limit: int = 20) -> int:
    """Claim and send what is due; how many were sent. Any number of senders may call it at once."""
    owner, sent = uuid4().hex, 0
    await take_over_abandoned(now)
    for notice in await Notice.filter(state="waiting", due_at__lte=now).order_by("due_at").limit(limit):
        if await claim(notice, owner, now):
            sent += await send(notice, deliver, now)
    return sent


async def claim(notice: Notice, owner: str, now: datetime) -> bool:
    """Whether the notice is ours now: exactly one of several that try at once hears yes."""
    return bool(
        await execute(
            "UPDATE notice SET state = 'sending', owner = :owner, owned_at = :now, tries = tries + 1"
            " WHERE id = :id AND state = 'waiting'",
            owner=owner,
            now=now,
            id=notice.id,
        )
    )


async def take_over_abandoned(now: datetime) -> None:
    """Notices whose sender is silent since `CLAIM_SECONDS` wait again."""
    before = now - timedelta(seconds=CLAIM_SECONDS)
    await execute(
        "UPDATE notice SET state = 'waiting' WHERE state = 'sending' AND owned_at < :before", before=before
    )


async def send(notice: Notice, deliver: Deliver, now: datetime) -> bool:
    """Send a claimed notice and note how it went. A failed one waits for its next try; after the last it has failed."""
    channel = await Channel.get_or_none(id=notice.channel)
    tries = notice.tries + 1
    try:
        if channel is None or not channel.is_enabled:
            raise DeliveryFailed(N_("the channel was removed or switched off"))
        await deliver(channel.address, notice.subject, notice.body)
    except DeliveryFailed as failed:
        is_last = tries >= MOST_TRIES or channel is None
        await Notice.filter(id=notice.id).update(
            state="failed" if is_last else "waiting",
            due_at=now + timedelta(seconds=pause_seconds(tries)),
            error=str(failed)[:300],
        )
        events.warning("notice not sent", notice=str(notice.id), tries=tries, error=str(failed)[:300])
        return False
    await Notice.filter(id=notice.id).update(state="sent", sent_at=now, error="")
    events.info("notice sent", notice=str(notice.id), tries=tries)
    return True


async def deliver_by_apprise(address: str, subject: str, body: str) -> None:
    """Through Apprise, in a thread: its calls block. Raises DeliveryFailed."""
    try:
        async with asyncio.timeout(60):
            is_sent = await asyncio.to_thread(_notify, address, subject, body)
    except TimeoutError:
        raise DeliveryFailed(N_("no answer within a minute")) from None
    if not is_sent:
        raise DeliveryFailed(N_("the address did not take the message"))


def _notify(address: str, subject: str, body: str) -> bool:
    import apprise

    messenger = apprise.Apprise(asset=apprise.AppriseAsset(app_id="Trunkline"))
    if not messenger.add(address):
        raise DeliveryFailed(N_("the address cannot be read"))
    return bool(messenger.notify(title=subject, body=body, body_format=apprise.NotifyFormat.TEXT))
