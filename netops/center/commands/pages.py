"""What the templates of commands receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.web.forms import Form
from shared.web.parts import Field, Link, TableView


@dataclass(frozen=True)
class CommandsPage:
    """What was ordered: what waits or is unknown first."""

    node: str
    open: TableView
    ended: TableView
    rights: TableView
    older_url: str
    live_url: str
    """What the first page asks for again while it is open; empty on older ones."""


@dataclass(frozen=True)
class RightLine:
    """A right: whose, and its patterns."""

    id: UUID
    account: str
    verb: str
    place: str
    service: str


@dataclass(frozen=True)
class RightsPage:
    """/commands/rights: all rights, and the form of a new one for who may grant."""

    lines: Sequence[RightLine]
    fields: Sequence[Field]
    form: Form[Any]
    may_edit: bool


@dataclass(frozen=True)
class NodeOrdersPage:
    """What may be ordered at one node, by service."""

    node: str
    services: Sequence[tuple[str, Sequence[Link]]]
    own: Sequence[Link]
    not_now: Sequence[tuple[str, str]]
    """Commands that make no sense as the node stands now, each with why not."""
    is_silent: bool


@dataclass(frozen=True)
class ConfirmPage:
    """The question before a command: consequences, reason, how long it may wait; step-up for starred verbs."""

    title: str
    verb: str
    verb_label: str
    node: str
    consequences: Sequence[str]
    fields: Sequence[Field]
    needs_step_up: bool
    is_danger: bool
    form: Form[Any]


@dataclass(frozen=True)
class CommandPage:
    """One command: its steps with their times, what it means, what can still be done."""

    id: str
    title: str
    node: str
    state: str
    explained: str
    reason: str
    requested_by: str
    approved_by: str
    steps: Sequence[tuple[str, datetime | None]]
    expires_at: datetime
    code: str
    detail: str
    result: Sequence[tuple[str, str]]
    arguments: Sequence[tuple[str, str]]
    is_over: bool
    again_url: str
    """The question for the same as a new command; empty while this one is not over."""
    may_cancel: bool
    asks_approval: bool
    next_steps: Sequence[Link]
    """What this one was ordered for."""
    form: Form[Any]
