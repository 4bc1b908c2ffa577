"""What the templates of reports receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Action, Crumb, Field


@dataclass(frozen=True)
class PackRow:
    """A pack of the list: what, to whom, when next (in the reader's zone)."""

    id: str
    name: str
    views: str
    recipients: str
    when: str
    owner: str
    next_at: datetime | None
    active: bool
    is_own: bool


@dataclass(frozen=True)
class RunRow:
    """A run: for whom, about which days, what became of it."""

    pack: str
    person: str
    days: str
    at: datetime
    state: str
    trouble: str


@dataclass(frozen=True)
class ReportsPage:
    """/reports: the packs, then the last runs; `mail_note` says what becomes of mails where no mail server is set up."""

    packs: Sequence[PackRow]
    runs: Sequence[RunRow]
    actions: Sequence[Action]
    mail_note: str
    has_pdf: bool


@dataclass(frozen=True)
class PackPage:
    """/reports/new and /reports/{id}: the form of a pack."""

    title: str
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]
    action_url: str
    crumbs: Sequence[Crumb]
