"""Words with a shape: every state that pages show, how fresh a figure is, and differences with their side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from fractions import Fraction
from typing import Literal

from shared.i18n import N_, gettext, pgettext
from shared.money import Money

Better = Literal["higher", "lower", "none"]
Value = Money | int | Fraction | None


@dataclass(frozen=True)
class Shape:
    """A status word: msgid, sprite icon and tone (ok, good, bad, warn, muted)."""

    word: str
    icon: str
    tone: str


STATUSES: Mapping[str, Shape] = {
    # freshness and completeness
    "current": Shape(N_("current"), "circle-check", "muted"),
    "delayed": Shape(N_("delayed"), "clock", "warn"),
    "unreachable": Shape(N_("unreachable"), "cloud-off", "bad"),
    "unproven": Shape(N_("unproven"), "shield", "warn"),
    "never": Shape(N_("never seen"), "circle-dashed", "muted"),
    "complete": Shape(N_("complete"), "circle-check", "muted"),
    "partial": Shape(N_("partial"), "clock", "warn"),
    "green": Shape(N_("equal"), "circle-check", "ok"),
    "red": Shape(N_("differs"), "circle-x", "bad"),
    "changed": Shape(N_("changed since"), "clock", "warn"),
    "not_yet": Shape(N_("not yet"), "circle-dashed", "muted"),
    # nodes
    "live": Shape(N_("live"), "circle-check", "ok"),
    "late": Shape(N_("late"), "clock", "warn"),
    "silent": Shape(N_("silent"), "cloud-off", "bad"),
    "never_seen": Shape(N_("never seen"), "circle-dashed", "muted"),
    "ok": Shape(N_("ok"), "circle-check", "ok"),
    "busy": Shape(N_("busy"), "arrow-up", "warn"),
    "overloaded": Shape(N_("overloaded"), "alert-triangle", "bad"),
    "failed": Shape(N_("failed"), "circle-x", "bad"),
    "node_failed": Shape(N_("failed"), "circle-x", "bad"),
    "crash_loop": Shape(N_("crash loop"), "alert-triangle", "bad"),
    "maintenance": Shape(N_("maintenance"), "tool", "muted"),
    "fenced": Shape(N_("fenced"), "lock", "warn"),
    "draining": Shape(N_("draining"), "route", "muted"),
    "stopped": Shape(N_("stopped"), "player-pause", "muted"),
    "throttled": Shape(N_("throttled"), "arrow-down", "warn"),
    # incidents
    "firing": Shape(N_("firing"), "bell", "bad"),
    "acknowledged": Shape(N_("acknowledged"), "eye", "warn"),
    "snoozed": Shape(N_("snoozed"), "clock", "muted"),
    # commands and jobs
    "waiting": Shape(N_("waiting"), "dots", "muted"),
    "sending": Shape(N_("being sent"), "send", "muted"),
    "running": Shape(N_("running"), "arrow-right", "ok"),
    "done": Shape(N_("done"), "circle-check", "ok"),
    "refused": Shape(N_("refused"), "circle-x", "bad"),
    "expired": Shape(N_("expired"), "clock", "muted"),
    "unknown": Shape(N_("unknown"), "help", "warn"),
    "command_approval": Shape(N_("waits for approval"), "lock", "warn"),
    "command_requested": Shape(N_("requested"), "send", "muted"),
    # plans, quotes, orders, money
    "planned": Shape(N_("planned"), "circle-dashed", "muted"),
    "carried_over": Shape(N_("carried over"), "arrow-right", "warn"),
    "cancelled": Shape(N_("cancelled"), "x", "muted"),
    "draft": Shape(N_("draft"), "pencil", "muted"),
    "sent": Shape(N_("sent"), "send", "good"),
    "accepted": Shape(N_("accepted"), "circle-check", "ok"),
    "superseded": Shape(N_("superseded"), "history", "muted"),
    "submitted": Shape(N_("submitted"), "dots", "good"),
    "approved": Shape(N_("approved"), "circle-check", "ok"),
    "rejected": Shape(N_("rejected"), "circle-x", "bad"),
    "executing": Shape(N_("executing"), "arrow-right", "good"),
    "completed": Shape(N_("completed"), "circle-check", "ok"),
    "open": Shape(N_("open"), "circle-dashed", "muted"),
    "closed": Shape(N_("closed"), "lock", "muted"),
    "overdue": Shape(N_("overdue"), "clock", "bad"),
    "settled": Shape(N_("settled"), "circle-check", "ok"),
    "active": Shape(N_("active"), "circle-check", "ok"),
    "disabled": Shape(N_("disabled"), "circle-x", "muted"),
    "pending": Shape(N_("later"), "circle-dashed", "muted"),
    "ready": Shape(N_("ready"), "arrow-right", "good"),
    "skipped": Shape(N_("skipped"), "x", "muted"),
    "paid": Shape(N_("paid"), "circle-check", "ok"),
    "posted": Shape(N_("posted"), "circle-check", "ok"),
    "reversed": Shape(N_("reversed"), "history", "muted"),
    "promise_open": Shape(N_("promised"), "clock", "muted"),
    "promise_kept": Shape(N_("kept"), "circle-check", "ok"),
    "promise_broken": Shape(N_("broken"), "circle-x", "bad"),
    "promise_replaced": Shape(N_("replaced"), "history", "muted"),
    "mail_waiting": Shape(N_("waiting"), "dots", "muted"),
    "mail_sent": Shape(N_("sent"), "send", "good"),
    "mail_failed": Shape(N_("failed"), "circle-x", "bad"),
    "mail_dropped": Shape(N_("not sent"), "x", "muted"),
    "void": Shape(N_("void"), "x", "muted"),
}


def status_word(key: str) -> str:
    """The word of a status in the reader's language. A node that failed is out of order, a command only failed."""
    return pgettext("node", "failed") if key == "node_failed" else gettext(STATUSES[key].word)


@dataclass(frozen=True)
class Status:
    """A state of something. `key` is one of STATUSES; `note` is added in brackets ("3 s")."""

    key: str
    note: str = ""


@dataclass(frozen=True)
class Missing:
    """A branch whose data is old: its name and what its figures are complete to."""

    name: str
    as_of: datetime | None


@dataclass(frozen=True)
class Watermark:
    """How fresh a figure is. One branch: current, delayed, unreachable, unproven, never; a total: complete,
    partial, unproven, with `have` of `of` branches and the `missing` ones. `url` leads to the freshness table."""

    state: Literal["current", "delayed", "unreachable", "unproven", "never", "complete", "partial"]
    as_of: datetime | None = None
    have: int | None = None
    of: int | None = None
    missing: Sequence[Missing] = ()
    url: str = ""


@dataclass(frozen=True)
class Variance:
    """A difference: Money, a count, or a share in basis points. `better` says which side is favourable."""

    value: Value
    kind: Literal["money", "money_big", "money_card", "percent", "points", "number"] = "percent"
    better: Better = "higher"
    reference: str = ""

    @property
    def amount(self) -> int:
        """A number with the sign of the difference."""
        value = self.value
        return value.minor if isinstance(value, Money) else value.numerator if value is not None else 0

    @property
    def arrow(self) -> str:
        return "▲" if self.amount > 0 else "▼" if self.amount < 0 else ""

    @property
    def side(self) -> Literal["good", "bad", ""]:
        """Favourable, unfavourable or neither."""
        return self.side_if(self.better)

    def side_if(self, better: str) -> Literal["good", "bad", ""]:
        """The side where this direction is favourable."""
        if not self.amount or better == "none":
            return ""
        return "good" if (self.amount > 0) == (better == "higher") else "bad"
