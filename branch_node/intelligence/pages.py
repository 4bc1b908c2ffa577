"""What the templates of market notes receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from branch_node.intelligence.queries import NoteRow
from shared.web.forms import Form
from shared.web.parts import Filters, Option, Tab


@dataclass(frozen=True)
class ListPage:
    """intelligence/list.html: the line to type into and the newest notes."""

    rows: Sequence[NoteRow]
    form: Form[Any]
    tabs: Sequence[Tab]
    filters: Filters
    words: Mapping[str, str]
    kind: str
    next_url: str
    previous_url: str
    can_edit: bool
    is_filtered: bool


@dataclass(frozen=True)
class NotePage:
    """intelligence/note.html: one note, field by field."""

    note_id: UUID | None
    form: Form[Any]
    kinds: Sequence[Option]
    customer: str
    link: str
    writer: str
    can_edit: bool
    words: Mapping[str, str]
