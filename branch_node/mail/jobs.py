"""Sends what waits in the outbox, every minute."""

from branch_node.mail.actions import send_waiting
from branch_node.mail.office import office
from shared import log
from shared.jobs import sweeper

events = log.get_logger()


@sweeper(name="mail_outbox")
async def send_mail() -> None:
    """A mail server that is away costs one try a minute and no mail."""
    count = await send_waiting(office())
    if count:
        events.info("mails sent", count=count)
