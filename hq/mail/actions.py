"""Puts mails into the outbox of headquarters and sends what waits there.

A mail is claimed by a conditional update, so that two workers never send one. Its Message-ID is made of its id: a
server that took it just before this process died sees the same mail again and not a second one.
"""

from __future__ import annotations  # the library of mail is loaded when one is sent

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formataddr
from uuid import UUID

import aiosmtplib

from hq.mail.models import MailFile, OutgoingMail
from shared import clock, log
from shared.database import execute, transaction
from shared.mail import PostOffice, is_address, next_try

events = log.get_logger()

AT_ONCE = 20
CLAIM_MINUTES = 10
TIMEOUT_SECONDS = 30.0


@dataclass(frozen=True)
class File:
    """An attachment."""

    name: str
    media_type: str
    content: bytes


async def post(
    occasion: str, to_address: str, to_name: str, subject: str, body: str, locale: str, files: Sequence[File]
) -> UUID:
    """Put a mail into the outbox inside the caller's transaction; its id. ValueError for what is no address. The caller
    claims the occasion before: a second mail for it raises."""
    if not is_address(to_address):
        raise ValueError(f"not an address: {to_address!r}")
    mail = await OutgoingMail.create(
        occasion=occasion,
        to_address=to_address.strip(),
        to_name=" ".join(to_name.split())[:120],
        subject=" ".join(subject.split())[:300],
        body=body,
        locale=locale,
    )
    for file in files:
        await MailFile.create(
            mail_id=mail.id, name=file.name[:200], media_type=file.media_type, content=file.content
        )
    return mail.id


async def send_waiting(office: PostOffice | None) -> int:
    """Send what waits and is due, at most twenty; how many went. Without a mail server everything waits.

    One connection for all; a server that cannot be reached leaves every mail for later.
    """
    due = await OutgoingMail.filter(status="waiting", next_try_at__lte=clock.now()).order_by(
        "next_try_at", "id"
    )[:AT_ONCE]
    if office is None or not due:
        return 0
    sent = 0
    client = aiosmtplib.SMTP(
        hostname=office.host,
        port=office.port,
        username=office.username or None,
        password=office.password or None,
        use_tls=office.security == "tls",
        start_tls=office.security == "starttls",
        timeout=TIMEOUT_SECONDS,
    )
    try:
        async with client:
            for mail in due:
                sent += await send_one(client, office, mail)
    except (aiosmtplib.SMTPException, OSError) as error:
        events.warning("mail server not reached", host=office.host, port=office.port, error=str(error)[:200])
    return sent


async def send_one(client: aiosmtplib.SMTP, office: PostOffice, mail: OutgoingMail) -> bool:
    """1 claim it for ten minutes  2 hand it over  3 note what became of it, and forget the files of a sent one."""
    claimed = await execute(
        "UPDATE hq_mail SET tries = tries + 1, next_try_at = :later WHERE id = :id AND status = 'waiting' "
        "AND tries = :tries",
        id=mail.id,
        tries=mail.tries,
        later=clock.now() + timedelta(minutes=CLAIM_MINUTES),
    )
    if not claimed:
        return False
    mail.tries += 1
    message = message_of(office, mail, await MailFile.filter(mail_id=mail.id).order_by("id"))
    try:
        await client.send_message(message)
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as refused:
        await note_refused(mail, refused)
        return False
    async with transaction():
        mail.status, mail.sent_at, mail.trouble = "sent", clock.now(), ""
        await mail.save(update_fields=["status", "sent_at", "trouble"])
        await MailFile.filter(mail_id=mail.id).delete()
    return True


async def note_refused(mail: OutgoingMail, refused: Exception) -> None:
    """A permanent refusal (5xx) fails at once, any other is tried again until the pauses are used up."""
    code = refused.code if isinstance(refused, aiosmtplib.SMTPResponseException) else 0
    if isinstance(refused, aiosmtplib.SMTPRecipientsRefused):
        code = max((one.code for one in refused.recipients), default=550)
    later = None if code >= 500 else next_try(mail.tries, clock.now())
    mail.trouble = str(refused)[:300]
    mail.status = "failed" if later is None else "waiting"
    mail.next_try_at = later or mail.next_try_at
    await mail.save(update_fields=["trouble", "status", "next_try_at"])


def message_of(office: PostOffice, mail: OutgoingMail, files: Sequence[MailFile]) -> EmailMessage:
    """The mail as it travels."""
    message = EmailMessage()
    message["From"] = office.sender
    message["To"] = formataddr((mail.to_name, mail.to_address))
    message["Subject"] = mail.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@hq.trunkline>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "zh-CN" if mail.locale == "zh_CN" else "en"
    message.set_content(mail.body)
    for file in files:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(bytes(file.content), maintype=main, subtype=sub, filename=file.name)
    return message
