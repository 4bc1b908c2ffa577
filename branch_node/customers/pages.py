"""What the templates of customers receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from branch_node.customers.card import CardMoney, Discount, Event, Next
from branch_node.customers.hand_overs import HandOver
from branch_node.customers.queries import Duplicate, Person360
from branch_node.merges.queries import Merged
from shared.records import Address, Customer
from shared.web.forms import Form
from shared.web.parts import AuditRow, Field, Filters, Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """customers/list.html."""

    table: TableView
    filters: Filters
    scope: str
    can_edit: bool
    can_assign: bool


@dataclass(frozen=True)
class FieldGroup:
    """Fields under one heading; `is_open`: shown at once, else behind a fold."""

    title: str
    fields: Sequence[Field]
    is_open: bool = True


@dataclass(frozen=True)
class Difference:
    """A field in both versions of an edit conflict."""

    label: str
    theirs: str
    yours: str


@dataclass(frozen=True)
class FormPage:
    """customers/form.html: a new customer or a change; `differences` are shown after a conflict (409)."""

    title: str
    action: str
    cancel_url: str
    form: Form[Any]
    groups: Sequence[FieldGroup]
    labels: Mapping[str, str]
    duplicates: Sequence[Duplicate] = ()
    reasons: Mapping[str, str] = field(default_factory=dict)
    own_id: UUID | None = None
    differences: Sequence[Difference] = ()
    changed_by: str = ""


@dataclass(frozen=True)
class DuplicatesPage:
    """customers/duplicates.html, a part: who is probably the same."""

    duplicates: Sequence[Duplicate]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class InlineValue:
    """customers/inline_value.html, a part: a field's value, which leads to its box."""

    customer_id: UUID
    name: str
    label: str
    text: str


@dataclass(frozen=True)
class Theirs:
    """What somebody else made of a field meanwhile."""

    text: str
    who: str
    at: datetime | None


@dataclass(frozen=True)
class InlinePage:
    """customers/inline.html (a part) and inline_page.html: the box of one field; `theirs` after a conflict (409).

    `revision` and `was` are what the value stood at when the box was opened."""

    customer: Customer
    name: str
    field: Field
    form: Form[Any]
    revision: int
    was: str
    theirs: Theirs | None = None


@dataclass(frozen=True)
class Detail:
    """A line of the master record; `edit` leads to its box (None: not edited in place)."""

    label: str
    text: str
    name: str
    edit: InlineValue | None = None


@dataclass(frozen=True)
class CardPage:
    """customers/card.html: who, how much they owe, what next, and the timeline."""

    customer: Customer
    owner: str
    money: CardMoney | None
    next: Next | None
    tabs: Sequence[Tab]
    tab: str
    events: Sequence[Event]
    older_url: str
    contacts: Sequence[Person360]
    addresses: Sequence[Address]
    discounts: Sequence[Discount]
    details: Sequence[Detail]
    words: Mapping[str, Mapping[str, str]]
    urls: Mapping[str, str]
    can_edit: bool
    can_contact: bool
    can_follow: bool
    audit: Sequence[AuditRow] = ()
    feedback_url: str = ""
    merged_into: str = ""
    merges: Sequence[Merged] = ()
    can_merge: bool = False


@dataclass(frozen=True)
class ContactPage:
    """customers/contact.html: one person at a customer."""

    customer: Customer
    form: Form[Any]
    action: str
    contact_id: UUID | None


@dataclass(frozen=True)
class AddressPage:
    """customers/address.html: a further address."""

    customer: Customer
    form: Form[Any]
    kinds: Sequence[Any]


@dataclass(frozen=True)
class AssignPage:
    """customers/assign.html: to whom the chosen customers go."""

    ids: Sequence[UUID]
    names: Sequence[str]
    form: Form[Any]


@dataclass(frozen=True)
class HandOverPage:
    """customers/hand_over.html: from whom to whom, and what will move."""

    form: Form[Any]
    from_name: str
    to_name: str
    holdings: Mapping[str, int] | None


@dataclass(frozen=True)
class HandOversPage:
    """customers/hand_overs.html: the record of hand-overs, newest first."""

    rows: Sequence[HandOver]
