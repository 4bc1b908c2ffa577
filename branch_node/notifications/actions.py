"""Tells people what they should know: in the page, and by mail to those who chose it. Inside the caller's transaction."""

from collections.abc import Collection, Iterable
from datetime import timedelta
from uuid import UUID

from branch_node.lists import as_kind
from branch_node.mail.actions import post
from branch_node.mail.office import office
from branch_node.notifications.models import NoticeChoice, Notification
from branch_node.notifications.rules import KINDS, packed
from shared import clock
from shared.canonical import canonical_json
from shared.database import execute, fetch_all, fetch_one, transaction
from shared.i18n import DEFAULT_LOCALE, gettext, render, use_locale
from shared.ids import new_id
from shared.outbox import Letter
from shared.permissions import Person
from shared.web.error_pages import shown

READERS_SQL = """
SELECT e.id, e.name, e.email, a.locale, c.by_mail FROM employee e
LEFT JOIN web_account a ON a.person_id = e.id AND a.disabled_at IS NULL
LEFT JOIN notice_choice c ON c.person_id = e.id AND c.kind = :kind
WHERE e.id IN :ids AND e.active = :yes AND e.deleted_at IS NULL ORDER BY e.id"""


async def tell(
    people: Iterable[UUID | None], kind: str, text: str, url: str, occasion: str, /, **params: object
) -> int:
    """Tell each of these employees once per occasion; how many were told now.

    `text` is a msgid (marked with N_) with `params`, `url` where it leads. KeyError for an unknown kind.
    """
    wanted = {one for one in people if one is not None}
    if not wanted:
        return 0
    default, told = KINDS[kind].by_mail, 0
    for row in await fetch_all(READERS_SQL, ids=sorted(wanted), kind=kind, yes=True):
        person_id = as_kind(row["id"], UUID)
        notice_id = await _keep(person_id, kind, text, url, occasion, params)
        if notice_id is None:
            continue
        told += 1
        if default if row["by_mail"] is None else row["by_mail"]:
            locale = row["locale"] or DEFAULT_LOCALE
            letter = letter_of(text, url, params, locale)
            await post(
                f"note:{person_id}:{occasion}",
                row["email"],
                letter,
                to_name=row["name"],
                locale=locale,
                entity="notification",
                entity_id=notice_id,
            )
    return told


async def _keep(
    person_id: UUID, kind: str, text: str, url: str, occasion: str, params: dict[str, object]
) -> UUID | None:
    """Write the message; its id, or None when this occasion was told to this person before."""
    made = await fetch_one(
        "INSERT INTO notification (id, person_id, occasion, kind, text, params, url, created_at) "
        "VALUES (:id, :person, :occasion, :kind, :text, :params, :url, :now) "
        "ON CONFLICT (person_id, occasion) DO NOTHING RETURNING id",
        id=new_id(),
        person=person_id,
        occasion=occasion[:120],
        kind=kind,
        text=text,
        params=canonical_json(packed(params)),
        url=url[:200],
        now=clock.now(),
    )
    return None if made is None else as_kind(made["id"], UUID)


def letter_of(text: str, url: str, params: dict[str, object], locale: str) -> Letter:
    """The message as a mail in the reader's language."""
    with use_locale(locale):
        subject = render(text, params, shown)
        here = office()
        link = f"\n\n{here.site_url}{url}" if here is not None and here.site_url else ""
        end = gettext("You get this because you chose mails for it; change that under Messages.")
        return Letter(subject, f"{subject}{link}\n\n{end}\n")


async def mark_read(person: Person, ids: Collection[UUID] = ()) -> int:
    """Note that messages were read, all of them without `ids`; how many were unread."""
    which = "AND id IN :ids" if ids else ""
    return await execute(
        f"UPDATE notification SET read_at = :now WHERE person_id = :me AND read_at IS NULL {which}",
        me=person.id,
        now=clock.now(),
        ids=list(ids),
    )


async def choose_mails(person: Person, by_mail: Collection[str]) -> None:
    """Keep which kinds of messages a person wants by mail as well."""
    async with transaction():
        await NoticeChoice.filter(person_id=person.id).delete()
        for kind in KINDS:
            await NoticeChoice.create(person_id=person.id, kind=kind, by_mail=kind in by_mail)


async def forget_old_notices(days: int = 90) -> int:
    """Delete messages that were read long ago."""
    return await Notification.filter(read_at__lt=clock.now() - timedelta(days=days)).delete()
