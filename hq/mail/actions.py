"""The outbox of headquarters: mails with their files."""

from uuid import UUID

from hq.mail.models import MailFile, OutgoingMail
from shared import outbox
from shared.mail import PostOffice, is_address
from shared.outbox import File, Letter, Outbox


async def letter_of(mail: OutgoingMail) -> Letter:
    """What was posted."""
    files = await MailFile.filter(mail_id=mail.id).order_by("id")
    return Letter(
        mail.subject, mail.body, [File(file.name, file.media_type, bytes(file.content)) for file in files]
    )


async def ended(mail: OutgoingMail) -> None:
    """The files of a sent mail are forgotten."""
    if mail.status == "sent":
        await MailFile.filter(mail_id=mail.id).delete()


OUTBOX = Outbox(OutgoingMail, lambda: "hq", letter_of, ended)


async def post(occasion: str, to_address: str, letter: Letter, *, to_name: str, locale: str) -> UUID:
    """Put a mail with its files into the outbox inside the caller's transaction; its id. ValueError for what is no address, and for
    an occasion that has a mail: the caller claims it before."""
    if not is_address(to_address):
        raise ValueError(f"not an address: {to_address!r}")
    mail_id = await outbox.post(OutgoingMail, occasion, to_address, letter, to_name=to_name, locale=locale)
    if mail_id is None:
        raise ValueError(f"told already: {occasion!r}")
    for file in letter.files:
        await MailFile.create(
            mail_id=mail_id, name=file.name[:200], media_type=file.media_type, content=file.content
        )
    return mail_id


async def send_waiting(office: PostOffice | None) -> int:
    """Send what waits and is due; how many went."""
    return await outbox.send_waiting(OUTBOX, office)
