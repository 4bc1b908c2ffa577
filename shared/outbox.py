"""The outbox of a site: mails are put in inside the transaction of what they tell, and a job sends what waits there.

A mail is claimed by a conditional update, so that two workers never send one. Its Message-ID is made of its id: a server that took
it just before this process died sees the same mail again and not a second one. A site has its own table, with what it adds, and
says in an `Outbox` what a mail says when it is sent and who wants to know what became of it.
"""

from __future__ import annotations  # the library of mail is loaded when one is sent

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any, Generic, TypeVar
from uuid import UUID

import aiosmtplib
from tortoise import fields
from tortoise.models import Model

from shared import clock, log
from shared.database import execute, fetch_one, transaction
from shared.database.fields import InstantField
from shared.ids import new_id
from shared.mail import PostOffice, is_address, next_try

events = log.get_logger()

AT_ONCE = 50
CLAIM_MINUTES = 10
TIMEOUT_SECONDS = 30.0


class Mail(Model):
    """A mail: waiting, sent, failed, dropped. `occasion` is unique: what it is about is told once, whatever runs twice."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    occasion = fields.CharField(max_length=120, unique=True)
    to_address = fields.CharField(max_length=254)
    to_name = fields.CharField(max_length=120, default="")
    subject = fields.CharField(max_length=300)
    body = fields.TextField(default="")
    locale = fields.CharField(max_length=8, default="zh_CN")
    status = fields.CharField(max_length=8, default="waiting")
    tries = fields.IntField(default=0)
    next_try_at = InstantField(default=clock.now)
    sent_at = InstantField(null=True)
    trouble = fields.CharField(max_length=300, default="")
    created_at = InstantField(default=clock.now)

    class Meta:
        abstract = True


M = TypeVar("M", bound=Mail)


@dataclass(frozen=True)
class File:
    """An attachment."""

    name: str
    media_type: str
    content: bytes


@dataclass(frozen=True)
class Letter:
    """What a mail says."""

    subject: str
    body: str
    files: Sequence[File] = ()


@dataclass(frozen=True)
class Outbox(Generic[M]):
    """The mails of one site. `letter` gives what a mail says at the moment of sending (None: it is not to be sent any more);
    `ended` is told of each mail that is sent, failed or dropped, inside the transaction that notes it. `name` stands in the
    Message-ID."""

    mails: type[M]
    name: Callable[[], str]
    letter: Callable[[M], Awaitable[Letter | None]]
    ended: Callable[[M], Awaitable[None]]

    @property
    def table(self) -> str:
        return str(self.mails._meta.db_table)


async def post(
    mails: type[Mail],
    occasion: str,
    to_address: str,
    letter: Letter,
    *,
    to_name: str = "",
    locale: str = "zh_CN",
    **more: Any,
) -> UUID | None:
    """Put a mail into the outbox inside the caller's transaction; its id, or None when its occasion has one, or for no address.
    `more` are the columns that the site adds; the files of the letter are the caller's to keep."""
    if not is_address(to_address):
        return None
    now = clock.now()
    values = {
        "id": new_id(),
        "occasion": occasion[:120],
        "to_address": to_address.strip()[:254],
        "to_name": " ".join(to_name.split())[:120],
        "subject": " ".join(letter.subject.split())[:300],
        "body": letter.body,
        "locale": locale,
        "status": "waiting",
        "tries": 0,
        "next_try_at": now,
        "trouble": "",
        "created_at": now,
        **more,
    }
    made = await fetch_one(
        f"INSERT INTO {mails._meta.db_table} ({', '.join(values)}) VALUES ({', '.join(f':{name}' for name in values)}) "
        "ON CONFLICT (occasion) DO NOTHING RETURNING id",
        **values,
    )
    return values["id"] if made is not None else None


async def send_waiting(outbox: Outbox[M], office: PostOffice | None) -> int:
    """Send what waits and is due, at most fifty; how many went. Without a mail server everything waits.

    One connection for all; a server that cannot be reached leaves every mail for later.
    """
    due = await outbox.mails.filter(status="waiting", next_try_at__lte=clock.now()).order_by(
        "next_try_at", "id"
    )[:AT_ONCE]
    if office is None or not due:
        return 0
    sent = 0
    client = client_of(office)
    try:
        async with client:
            for mail in due:
                sent += await _send_one(outbox, client, office, mail)
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


async def _send_one(outbox: Outbox[M], client: aiosmtplib.SMTP, office: PostOffice, mail: M) -> bool:
    """1 claim it  2 ask what it says now  3 hand it over  4 note what became of it."""
    if not await _claim(outbox, mail):
        return False
    letter = await outbox.letter(mail)
    if letter is None:
        await _note(outbox, mail, "dropped")
        return False
    try:
        await client.send_message(message_of(outbox, office, mail, letter))
    except (aiosmtplib.SMTPRecipientsRefused, aiosmtplib.SMTPResponseException) as refused:
        await _refused(outbox, mail, refused)
        return False
    mail.subject, mail.body, mail.sent_at, mail.trouble = letter.subject, letter.body, clock.now(), ""
    await _note(outbox, mail, "sent")
    return True


async def _claim(outbox: Outbox[M], mail: M) -> bool:
    """Take the mail for ten minutes; False when somebody else has."""
    touched = await execute(
        f"UPDATE {outbox.table} SET tries = tries + 1, next_try_at = :later WHERE id = :id AND status = 'waiting' "
        "AND tries = :tries",
        id=mail.id,
        tries=mail.tries,
        later=clock.now() + timedelta(minutes=CLAIM_MINUTES),
    )
    mail.tries += 1
    return bool(touched)


async def _refused(outbox: Outbox[M], mail: M, refused: Exception) -> None:
    """A permanent refusal (5xx) fails at once, any other is tried again until the pauses are used up."""
    code = refused.code if isinstance(refused, aiosmtplib.SMTPResponseException) else 0
    if isinstance(refused, aiosmtplib.SMTPRecipientsRefused):
        code = max((one.code for one in refused.recipients), default=550)
    mail.trouble = str(refused)[:300]
    later = None if code >= 500 else next_try(mail.tries, clock.now())
    if later is None:
        await _note(outbox, mail, "failed")
        return
    mail.next_try_at = later
    await mail.save(update_fields=["trouble", "next_try_at"])


async def _note(outbox: Outbox[M], mail: M, status: str) -> None:
    async with transaction():
        mail.status = status
        await mail.save(update_fields=["status", "subject", "body", "sent_at", "trouble"])
        await outbox.ended(mail)


def message_of(outbox: Outbox[M], office: PostOffice, mail: M, letter: Letter) -> EmailMessage:
    """The mail as it travels."""
    message = EmailMessage()
    message["From"] = office.sender
    message["To"] = formataddr((mail.to_name, mail.to_address))
    message["Subject"] = letter.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.id}@{outbox.name()}.trunkline>"
    message["Auto-Submitted"] = "auto-generated"
    message["Content-Language"] = "zh-CN" if mail.locale == "zh_CN" else "en"
    message.set_content(letter.body)
    for file in letter.files:
        main, _, sub = file.media_type.partition("/")
        message.add_attachment(file.content, maintype=main, subtype=sub, filename=file.name)
    return message
