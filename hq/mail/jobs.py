"""Sends what waits in the outbox, every minute."""

from hq.mail.actions import send_waiting
from hq.papers.views import present_site
from shared import log
from shared.jobs import job

events = log.get_logger()


@job(queue="mail", timeout=300, every=60, at_start=True, name="mail_outbox")
async def send_mail() -> None:
    """A mail server that is away costs one try a minute and no mail."""
    count = await send_waiting(present_site().state.settings.post_office)
    if count:
        events.info("mails sent", count=count)
