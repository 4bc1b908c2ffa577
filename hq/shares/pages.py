"""What the templates of shared links receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hq.papers.paper import Sheet
from shared.web.forms import Form
from shared.web.parts import Crumb, Field


@dataclass(frozen=True)
class NewSharePage:
    """/shares/new: the view to share, and what to choose."""

    title: str
    address: str
    scope: str
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class MadePage:
    """The link, shown once."""

    title: str
    url: str
    is_public: bool
    expires_at: datetime
    crumbs: Sequence[Crumb]


@dataclass(frozen=True)
class ShareRow:
    """A link of the list."""

    id: str
    title: str
    address: str
    sharer: str
    is_public: bool
    created_at: datetime
    expires_at: datetime
    opened_at: datetime | None
    opened_count: int
    state: str
    is_alive: bool


@dataclass(frozen=True)
class SharesPage:
    """/shares: one's own links, for an administrator of users everybody's."""

    rows: Sequence[ShareRow]
    is_everybody: bool
    next_url: str
    previous_url: str


@dataclass(frozen=True)
class SharedPage:
    """/shared/{token}: the view, by whom it was shared and until when."""

    sheet: Sheet
    sharer: str
    expires_at: datetime
