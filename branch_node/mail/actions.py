"""Puts mails into the outbox, inside the transaction of what they tell, and sends what waits there.

A mail is claimed by a conditional update, so that two workers never send one. Its Message-ID is made of its id: a
server that took it just before this process died sees the same mail again and not a second one.
"""

from __future__ import annotations  # the library of mail is loaded when one is sent

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formataddr
from uuid import UUID

import aiosmtplib

from branch_node.home import home
from branch_node.mail.models import OutgoingMail
from shared import clock, log
from shared.database import execute, fetch_one, transaction
from shared.ids import new_id
from shared.mail import PostOffice, is_address, next_try

events = log.get_logger()

AT_ONCE = 50
CLAIM_MINUTES = 10
TIMEOUT_SECONDS = 15.0


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    body: str


Freshen = Callable[[UUID], Awaitable[Letter | None]]
Outcome = Callable[[UUID, str], Awaitable[None]]


@dataclass(frozen=True)
class Origin:
    """How records of one kind follow their mails: `freshen` gives the text at the moment of sending (None: it is not
    to be sent any more), `outcome` is told sent, failed or dropped inside the transaction that notes it."""

    freshen: Freshen
    outcome: Outcome


ORIGINS: dict[str, Origin] = {}
"""By `OutgoingMail.entity`; a feature adds itself when it is imported."""


async def post(
    occasion: str,
    to_address: str,
    letter: Letter,
    *,
    to_name: str = "",
    locale: str = "zh_CN",
    entity: str = "",
    entity_id: UUID | None = None,
) -> bool:
    """Put a mail into the outbox inside the caller's transaction; False when its occasion has one, or for no address."""
    if not is_address(to_address):
        return False
    now = clock.now()
    made = await fetch_one(
        "INSERT INTO outgoing_mail (id, occasion, to_address, to_name, subject, body, locale, entity, entity_id, status, "
        "tries, next_try_at, trouble, created_at) VALUES (:id, :occasion, :to, :name, :subject, :body, :locale, :entity, "
        ":entity_id, 'waiting', 0, :now, '', :now) ON CONFLICT (occasion) DO NOTHING RETURNING id",
        id=new_id(),
        occasion=occasion[:120],
        to=to_address.strip()[:254],
        name=" ".join(to_name.split())[:120],
        subject=" ".join(letter.subject.split())[:300],
        body=letter.body,
        locale=locale,
        entity=entity,
        entity_id=entity_id,
        now=now,
    )
    return made is not None


async def send_waiting(office: PostOffice | None) -> int:
    """Send what waits and is due, at most fifty; how many went. Without a mail server everything waits.

    One connection for all; a server that cannot be reached leaves every mail for later.
    """
    due = await OutgoingMail.filter(status="waiting", next_try_at__lte=clock.now()).order_by(
        "next_try_at", "id"
    )[:AT_ONCE]
    if office is None or not due:
        return 0
    sent = 0
    client = client_of(office)
    try:
        async with client:
            for mail in due:
                sent += await _send_one(client, office, mail)
    except (aiosmtplib.SMTPException, OSError) as error:
        events.warning("mail server not reached", host=office.host, port=office.port, error=str(error)[:200])
    return sent


def client_of(office: PostOffice) -> aiosmtplib.SMTP:
    """A connection to be opened with `async with`."""
    return aiosmtplib.SMTP(
        hostname=office.host,
        port=office.port,
        username=office.username or None,
        password=office.password or None,
        use_tls=office.security == "tls",
        start_tls=office.security == "starttls",
        timeout=TIMEOUT_SECONDS,
    )


async def _send_one(client: aiosmtplib.SMTP, office: PostOffice, mail: OutgoingMail) -> bool:
    """1 claim it  2 ask its record what it says now  3 hand it over  4 note what became of it."""
    if not await _claim(mail):
        return False
    origin = ORIGINS.get(mail.entity)
    letter: Letter | None = Letter(mail.subject, mail.body)
    if origin is not None and mail.entity_id is not None:
        letter = await origin.freshen(mail.entity_id)
    if letter is None:
        await _note(mail, "dropped", origin)
        return False
    try:
        await client.send_message(message_of(office, mail, letter))
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as refused:
        await _refused(mail, refused, origin)
        return False
    mail.subject, mail.body, mail.sent_at = letter.subject, letter.body, clock.now()
    await _note(mail, "sent", origin)
    return True


async def _claim(mail: OutgoingMail) -> bool:
    """Take the mail for ten minutes; False when somebody else has."""
    touched = await execute(
        "UPDATE outgoing_mail SET tries = tries + 1, next_try_at = :later WHERE id = :id AND status = 'waiting' "
        "AND tries = :tries",
        id=mail.id,
        tries=mail.tries,
        later=clock.now() + timedelta(minutes=CLAIM_MINUTES),
    )
    mail.tries += 1
    return bool(touched)


async def _refused(mail: OutgoingMail, refused: Exception, origin: Origin | None) -> None:
    """A permanent refusal (5xx) fails at once, any other is tried again until the pauses are used up."""
    code = refused.code if isinstance(refused, aiosmtplib.SMTPResponseException) else 0
    if isinstance(refused, aiosmtplib.SMTPRecipientsRefused):
        code = max((one.code for one in refused.recipients), default=550)
    mail.trouble = str(refused)[:300]
    later = None if code >= 500 else next_try(mail.tries, clock.now())
    if later is None:
        await _note(mail, "failed", origin)
        return
    mail.next_try_at = later
    await mail.save(update_fields=["trouble", "next_try_at"])


async def _note(mail: OutgoingMail, status: str, origin: Origin | None) -> None:
    async with transaction():
        mail.status = status
        await mail.save(update_fields=["status", "subject", "body", "sent_at", "trouble"])
        if origin is not None and mail.entity_id is not None:
            await origin.outcome(mail.entity_id, status)


def message_of(office: PostOffice, mail: OutgoingMail, letter: Letter) -> EmailMessage:
    """The mail as it travels."""
    message = EmailMessage()
    message["From"] = office.sender
    message["To"] = formataddr((mail.to_name, mail.to_address))
    message["Subject"] = letter.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@{home().code.lower()}.trunkline>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "zh-CN" if mail.locale == "zh_CN" else "en"
    message.set_content(letter.body)
    return message


async def send_again(mail_id: UUID) -> bool:
    """Let a mail that failed wait once more, and its record with it; False when it did not fail."""
    async with transaction():
        touched = await execute(
            "UPDATE outgoing_mail SET status = 'waiting', tries = 0, next_try_at = :now, trouble = '' "
            "WHERE id = :id AND status = 'failed'",
            id=mail_id,
            now=clock.now(),
        )
        mail = await OutgoingMail.get(id=mail_id)
        origin = ORIGINS.get(mail.entity)
        if touched and origin is not None and mail.entity_id is not None:
            await origin.outcome(mail.entity_id, "waiting")
    return bool(touched)
