"""Adding and removing channels, and a test message."""

from __future__ import annotations

from netops.center.audit.actions import record
from netops.center.channels.forms import ChannelForm
from netops.center.channels.rules import ALLOWED_SCHEMES, is_allowed, shown
from netops.center.models import Channel, Notice
from shared import clock
from shared.database import transaction
from shared.errors import Invalid, Text
from shared.i18n import N_, gettext, use_locale


async def add_channel(actor: str, form: ChannelForm) -> Channel:
    """A new channel. Invalid for an address of a scheme that may do more than send a message, or a name in use."""
    if not is_allowed(form.address):
        names = ", ".join(sorted(ALLOWED_SCHEMES)[:8])
        text = Text(
            N_("This kind of address is not allowed. Use one of %(names)s and the like."), names=names
        )
        raise Invalid(fields={"address": text}, code="channel.scheme")
    if await Channel.exists(name=form.name):
        raise Invalid(
            fields={"name": N_("A channel has this name already.")},
            code="channel.name",
        )
    async with transaction():
        channel = await Channel.create(
            name=form.name, address=form.address, least_severity=form.least_severity, locale=form.locale,
            is_for_escalation=bool(form.is_for_escalation),
        )  # fmt: skip
        await record(actor, "channel.add", channel.name, address=shown(channel.address))
    return channel


async def remove_channel(actor: str, channel: Channel) -> None:
    """What still waits for it ends as failed."""
    async with transaction():
        if await Channel.filter(id=channel.id).delete():
            await record(actor, "channel.remove", channel.name)


async def send_test(actor: str, channel: Channel) -> Notice:
    """Puts a test message into the outbox; how it went is seen in the list."""
    async with transaction():
        with use_locale(channel.locale):
            subject = gettext("Test message of the network center")
            body = gettext("%(name)s sent this test.", name=actor)
        notice = await Notice.create(
            channel=channel.id,
            kind="test",
            subject=subject,
            body=body,
            made_at=clock.now(),
            due_at=clock.now(),
        )
        await record(actor, "channel.test", channel.name)
    return notice
