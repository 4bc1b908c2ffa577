"""The outbox of a branch: mails follow the records that they are about."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from branch_node.home import home
from branch_node.mail.models import OutgoingMail
from shared import clock, outbox
from shared.database import execute, transaction
from shared.mail import PostOffice
from shared.outbox import Letter, Outbox

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


async def letter_of(mail: OutgoingMail) -> Letter | None:
    """What its record says now; what was posted where no record wants to know."""
    origin = ORIGINS.get(mail.entity)
    if origin is None or mail.entity_id is None:
        return Letter(mail.subject, mail.body)
    return await origin.freshen(mail.entity_id)


async def ended(mail: OutgoingMail) -> None:
    """Tell its record what became of it."""
    origin = ORIGINS.get(mail.entity)
    if origin is not None and mail.entity_id is not None:
        await origin.outcome(mail.entity_id, mail.status)


def name() -> str:
    """Whose mails they are, in their Message-ID."""
    return home().code.lower()


OUTBOX = Outbox(OutgoingMail, name, letter_of, ended)


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
    made = await outbox.post(
        OutgoingMail, occasion, to_address, letter, to_name=to_name, locale=locale, entity=entity,
        entity_id=entity_id,
    )  # fmt: skip
    return made is not None


async def send_waiting(office: PostOffice | None) -> int:
    """Send what waits and is due; how many went."""
    return await outbox.send_waiting(OUTBOX, office)


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
