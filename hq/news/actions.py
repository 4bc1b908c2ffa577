"""Entering, sharing and taking back news."""

from datetime import date
from uuid import UUID

from hq.figures.shape import Question
from shared import clock
from shared.database import fetch_one, transaction
from shared.errors import NotFound
from shared.records import COMPANY, NewsItem


async def enter_news(title: str, link: str, source: str, summary: str, on: date) -> NewsItem:
    """A piece of news for everybody; it goes to every branch."""
    return await NewsItem.create(
        branch=COMPANY,
        title=title,
        link=link,
        source=source,
        summary=summary,
        happened_on=on,
        published_at=clock.now(),
    )


async def share_note(note_id: UUID, codes: frozenset[str] | None, question: Question) -> NewsItem:
    """A branch's note as news for everybody. NotFound outside the reader's branches. Sharing twice makes one."""
    row = await fetch_one("SELECT * FROM intel_note WHERE id = :id AND deleted_at IS NULL", id=note_id)
    if row is None or (codes is not None and str(row["branch"]) not in codes):
        raise NotFound()
    source = f"{row['branch']} · {row['source']}" if row["source"] else str(row["branch"])
    async with transaction():
        found = await NewsItem.filter(title=str(row["title"]), source=source, deleted_at=None).first()
        if found is not None:
            return found
        return await enter_news(str(row["title"]), "", source, str(row["text"]), question.house.today())


async def take_back(news_id: UUID) -> None:
    """Take a piece of news back everywhere. NotFound when there is none; may be called twice."""
    item = await NewsItem.get_or_none(id=news_id, branch=COMPANY)
    if item is None:
        raise NotFound()
    if item.selected:
        item.selected = False
        await item.save()
