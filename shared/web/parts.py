"""What the macros of templates/parts receive: frozen dataclasses, one per part.

Pages build them in pages.py or queries.py; templates see the classes too: `field(Field("name", _("Name")), page.form)`.
Texts are translated already. Missing attributes are template errors (StrictUndefined).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any, Literal

from markupsafe import Markup

from shared.web.words import STATUSES as STATUSES
from shared.web.words import Better as Better
from shared.web.words import Missing as Missing
from shared.web.words import Status as Status
from shared.web.words import Value as Value
from shared.web.words import Variance as Variance
from shared.web.words import Watermark as Watermark
from shared.web.words import status_word as status_word

Kind = Literal[
    "text", "link", "money", "money_plain", "money_big", "percent", "points", "number", "quantity", "day",
    "instant", "as_of", "duration", "bytes", "status", "watermark", "variance", "bullet", "spark", "strip", "icon",
]  # fmt: skip


@dataclass(frozen=True)
class Bullet:
    """How far from plan: actual, plan mark, previous year behind. All in one unit; `scale` is the right end."""

    actual: int | None
    plan: int | None = None
    previous: int | None = None
    scale: int = 0
    label: str = ""


@dataclass(frozen=True)
class Share:
    """A part of a stacked bar. `tone` is age0..age4, done, open, cancelled, none."""

    label: str
    value: int
    shown: str
    tone: str
    url: str = ""


@dataclass(frozen=True)
class Cell:
    """One cell of a state strip: ok, busy, overloaded, silent, maintenance, unknown."""

    state: str
    title: str = ""


@dataclass(frozen=True)
class Bar:
    """One row of a comparison: name, actual, plan, previous year; unreachable rows are muted and come last."""

    label: str
    actual: int | None
    plan: int | None = None
    previous: int | None = None
    shown: str = ""
    url: str = ""
    is_muted: bool = False


@dataclass(frozen=True)
class Figure:
    """A figure card. `state` partial and unproven keep the value; no_data, not_permitted and error have none.

    `value` None is "no data" and never 0. `note` is one sentence below ("time passed 89.4%", or why there is no
    value). `definition_url` is behind the question mark.
    """

    label: str
    value: Value
    kind: Literal["money", "money_card", "number", "percent"] = "money_card"
    unit: str = ""
    url: str = ""
    definition_url: str = ""
    state: Literal["normal", "partial", "unproven", "no_data", "not_permitted", "error"] = "normal"
    note: str = ""
    bullet: Bullet | None = None
    variance: Variance | None = None
    spark: Sequence[int | None] = ()
    watermark: Watermark | None = None
    key: str = ""


# --- tables -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Column:
    """A column. `sort` is the value of ?sort= for this column, empty: not sortable. `unit` stands under the head.

    `phone` says where a cell goes on a narrow screen: head (first line), second (second line) or rest (details). Of a text,
    `is_short` keeps it on one line and `is_figure` sets it to the right as a number. `is_dashed`: nothing is missing where
    there is no value (no target was set), so a dash stands there.
    """

    key: str
    label: str
    kind: Kind = "text"
    sort: str = ""
    unit: str = ""
    title: str = ""
    phone: Literal["head", "second", "rest"] = "rest"
    better: Better = "none"
    is_short: bool = False
    is_figure: bool = False
    is_dashed: bool = False

    @property
    def is_number(self) -> bool:
        return self.is_figure or self.kind in NUMBER_KINDS

    @cached_property
    def cell_attributes(self) -> Markup:
        """Class and label of its cells; the same in every row."""
        return self.attributes(self.phone)

    @cached_property
    def first_attributes(self) -> Markup:
        """The same where it is the first column: the head of the row."""
        return self.attributes("head")

    def attributes(self, place: str) -> Markup:
        is_unbroken = self.is_short or self.kind in UNBROKEN_KINDS
        after = " ops-number" if self.is_number else " ops-nowrap" if is_unbroken else ""
        if place == "second" and self.kind in DAY_KINDS:
            after += " ops-date"
        label = f"{self.label} ({self.unit})" if self.unit else self.label
        return Markup('class="ops-phone-{}{}" data-label="{}"').format(place, after, label)


DAY_KINDS = frozenset(["day", "instant", "as_of"])
"""Kinds that say when. Beside the head of a row on a phone they carry the label: a day alone does not say of what."""
UNBROKEN_KINDS = DAY_KINDS | {"status"}
NUMBER_KINDS = frozenset(
    [
        "money",
        "money_plain",
        "money_big",
        "percent",
        "points",
        "number",
        "quantity",
        "variance",
        "duration",
        "bytes",
    ]
)


@dataclass(frozen=True)
class Link:
    """A cell or list entry that leads somewhere."""

    text: str
    url: str
    note: str = ""


@dataclass(frozen=True)
class Row:
    """A row: cells by column key. `id` makes it selectable and keeps it in place when it changes."""

    cells: Mapping[str, Any]
    id: str = ""
    url: str = ""
    is_muted: bool = False
    is_total: bool = False
    links: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Count:
    """How many rows there are: exact, or 'more than' with a link that counts exactly."""

    number: int
    is_exact: bool = True
    exact_url: str = ""


@dataclass(frozen=True)
class Action:
    """Something to do: a link (GET), or with method POST a button with its own small form."""

    label: str
    url: str
    icon: str = ""
    is_primary: bool = False
    method: Literal["GET", "POST"] = "GET"
    key: str = ""
    is_danger: bool = False


@dataclass(frozen=True)
class Empty:
    """Why there is nothing: `nothing` yet, nothing for this `filter`, or not `permitted`."""

    kind: Literal["nothing", "filter", "permitted"]
    text: str
    action: Action | None = None


@dataclass(frozen=True)
class View:
    """A saved view (tab) of a list."""

    name: str
    url: str
    is_active: bool = False
    is_own: bool = False


@dataclass(frozen=True)
class TableView:
    """A list: columns, rows, order, neighbours. `key` is unique in the page; `sorted_by` "-due" is descending.

    `bulk` actions appear with check boxes; `hidden_columns` are offered behind a button; `exports` are links.
    With `views_url` (the list's own path) the person can choose columns and keep the view under a name.
    """

    key: str
    caption: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    sorted_by: str = ""
    count: Count | None = None
    next_url: str = ""
    previous_url: str = ""
    empty: Empty | None = None
    bulk: Sequence[Action] = ()
    hidden_columns: Sequence[Column] = ()
    exports: Sequence[Link] = ()
    views: Sequence[View] = ()
    views_url: str = ""
    total: Row | None = None
    shows_caption: bool = False

    @cached_property
    def unfolds(self) -> bool:
        """Whether a phone keeps some cells of a row folded."""
        return any(column.phone == "rest" for column in self.columns[1:])


# --- forms --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Option:
    """A choice of a select, radio or check list."""

    value: str
    label: str
    hint: str = ""


@dataclass(frozen=True)
class Field:
    """A field of a form. `kind`: text, password, email, tel, number, area, select, radio, checks, tick, file,
    hidden, money, date, pick. Money shows its parsed value, date accepts short forms, pick is a typeahead that asks
    `pick_url`?q=. `width`: s (8 characters), m (20), l (40), full. `prefix` keeps the ids of two forms of a page apart.
    """

    name: str
    label: str
    kind: str = "text"
    hint: str = ""
    is_optional: bool = False
    width: str = "m"
    options: Sequence[Option] = ()
    autocomplete: str = "off"
    max_length: int | None = None
    pick_url: str = ""
    pick_text: str = ""
    other_date: str = ""
    unit: str = ""
    rows: int = 3
    accept: str = ""
    is_focused: bool = False
    reload: str = ""
    prefix: str = ""

    @property
    def key(self) -> str:
        """What the ids of its elements end with."""
        return self.prefix + self.name


@dataclass(frozen=True)
class Chip:
    """An active filter and the address without it."""

    label: str
    remove_url: str


@dataclass(frozen=True)
class Filters:
    """A filter bar: GET form to `action`, chips of what is active, one sentence that says what is shown."""

    fields: Sequence[Field]
    form: Any
    action: str = ""
    chips: Sequence[Chip] = ()
    sentence: str = ""
    clear_url: str = ""
    keep: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Confirm:
    """A question before something irreversible, costly or remote. `title` names the object, `consequences` are in
    numbers, `verb` is the button; `keep` is the other one where "Cancel" could mean the act itself. `typed_name` must be
    typed for wipe, restore and revoke."""

    title: str
    action: str
    verb: str
    cancel_url: str
    consequences: Sequence[str] = ()
    asks_reason: bool = False
    typed_name: str = ""
    is_danger: bool = True
    hidden: Mapping[str, str] = field(default_factory=dict)
    form: Any = None
    keep: str = ""


# --- things that happened -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Happening:
    """A row of a timeline. `icon` and `kind` say what it is."""

    at: datetime
    kind: str
    text: str
    icon: str = "dots"
    actor: str = ""
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Change:
    """A field before and after."""

    label: str
    before: str
    after: str


@dataclass(frozen=True)
class AuditRow:
    """Who did what. `recorded_at` is the other clock; shown when more than 60 s apart."""

    at: datetime
    who: str
    text: str
    recorded_at: datetime | None = None
    for_whom: str = ""
    changes: Sequence[Change] = ()
    reason: str = ""
    is_chained: bool | None = None


@dataclass(frozen=True)
class ProofLine:
    """How far a chain of entries was verified: `tone` ok, bad or muted; `can_prove` offers to verify it now."""

    text: str
    tone: Literal["ok", "bad", "muted"] = "muted"
    can_prove: bool = True


@dataclass(frozen=True)
class Job:
    """A long piece of work. `poll_url` gives this part again; it is asked every 5 s until the job has ended."""

    title: str
    state: str
    done: int
    total: int | None
    started_at: datetime
    started_by: str
    rate_per_second: int | None = None
    rest_seconds: int | None = None
    error_count: int = 0
    errors_url: str = ""
    result_url: str = ""
    cancel_url: str = ""
    poll_url: str = ""
    key: str = "job"


@dataclass(frozen=True)
class Coverage:
    """How far a directive got: counts of recipients, and the names of those without a receipt."""

    total: int
    delivered: int
    read: int
    acknowledged: int
    done: int
    missing: Sequence[Missing] = ()
    deadline: date | None = None


@dataclass(frozen=True)
class Step:
    """A step of a way: done, current or ahead."""

    label: str
    state: Literal["done", "current", "ahead"]
    url: str = ""
    note: str = ""


@dataclass(frozen=True)
class Tab:
    """A tab with an address of its own."""

    label: str
    url: str
    is_active: bool = False
    count: int | None = None


@dataclass(frozen=True)
class Crumb:
    """A step back to a wider page."""

    label: str
    url: str


TEMPLATE_CLASSES = (
    Action, AuditRow, Bar, Bullet, Cell, Change, Chip, Column, Confirm, Count, Coverage, Crumb, Empty, Field, Figure,
    Filters, Happening, Job, Link, Missing, Option, Row, Share, Status, Step, Tab, TableView, Variance, View, Watermark,
)  # fmt: skip
