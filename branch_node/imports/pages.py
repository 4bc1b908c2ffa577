"""What the templates of imports receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Action, Confirm, Field, Job, TableView


@dataclass(frozen=True)
class ListPage:
    """imports/list.html: what runs now, then everything that ran."""

    running: Sequence[Job]
    table: TableView
    actions: Sequence[Action]


@dataclass(frozen=True)
class NewPage:
    """imports/new.html."""

    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]
    largest_mb: int


@dataclass(frozen=True)
class Fault:
    """Why nothing was done: where, and what to do."""

    place: str
    text: str


@dataclass(frozen=True)
class ShowPage:
    """imports/show.html: one import, dry run or undo. `sentence` says what came of it; `is_live` while it goes on."""

    title: str
    job: Job
    is_live: bool
    live_url: str
    sentence: str
    tone: str
    files: TableView | None
    records: TableView | None
    notes: TableView | None
    faults: Sequence[Fault]
    actions: Sequence[Action]
    result_url: str


@dataclass(frozen=True)
class AskPage:
    """imports/ask.html: the question before an undo."""

    confirm: Confirm


@dataclass(frozen=True)
class RecordHelp:
    """A kind of record in the reference of the mapping file."""

    name: str
    table: TableView


@dataclass(frozen=True)
class HelpPage:
    """imports/mapping.html: how a mapping file is written, and every field it may fill."""

    records: Sequence[RecordHelp]
    example: str
