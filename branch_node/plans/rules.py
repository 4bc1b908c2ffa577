"""Rules of the daily plan: reading a typed line, the life of an item, closing the day, what counts as proof. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from branch_node.transitions import moves
from shared.i18n import N_

KINDS: Mapping[str, str] = {
    "visit": N_("visit"),
    "call": N_("call"),
    "quote": N_("quote"),
    "collect": N_("collect"),
    "other": N_("other"),
}

# Words after # (and their beginnings) by kind, in both languages.
_KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "visit": ("visit", "拜访", "回访", "上门"),
    "call": ("call", "phone", "电话", "致电"),
    "quote": ("quote", "quotation", "报价"),
    "collect": ("collect", "dun", "收款", "催款", "催收", "回款"),
    "other": ("other", "其他", "其它"),
}

TEXT_LENGTH = 300
CUSTOMER_WORDS = 6

_TIME = re.compile(r"(?<![\d:])([01]?\d|2[0-3]):([0-5]\d)(?![\d:])")
_TIME_WORD = re.compile(r"(上午|下午|晚上)?([01]?\d|2[0-3])点(半|[0-5]?\d分)?")
_KIND = re.compile(r"#([^\s#@!]+)")
_CUSTOMER = re.compile(r"@([^#@!]*)")


@dataclass(frozen=True)
class Line:
    """What was understood of a typed line. `text` is the rest, never empty when something was typed.

    `customer` is what stood after @ up to the next mark, still to be looked up: a name may have blanks.
    """

    text: str
    at_time: str = ""
    kind: str = "other"
    important: bool = False
    customer: str = ""


def read_line(typed: str) -> Line:
    """`14:00 visit @East Motors #visit !!` as its parts; full-width signs count too.

    What is not understood stays in the text: an unknown #word, a time that is none. Nothing is an error.
    """
    rest = " ".join(unicodedata.normalize("NFKC", typed).split())
    important = "!!" in rest
    rest = rest.replace("!!", " ")
    rest, at_time = _take_time(rest)
    rest, kind = _take_kind(rest)
    customer = ""
    match = _CUSTOMER.search(rest)
    if match and match.group(1).strip():
        customer = " ".join(match.group(1).split())
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    text = " ".join(rest.split())[:TEXT_LENGTH]
    return Line(text, at_time, kind or _kind_in(text), important, customer)


def _take_time(text: str) -> tuple[str, str]:
    if match := _TIME.search(text):
        return f"{text[: match.start()]} {text[match.end() :]}", f"{int(match[1]):02d}:{match[2]}"
    if match := _TIME_WORD.search(text):
        hour = int(match[2])
        if match[1] in ("下午", "晚上") and hour < 12:
            hour += 12
        part = match[3] or ""
        minute = 30 if part == "半" else int(part.removesuffix("分") or 0)
        return f"{text[: match.start()]} {text[match.end() :]}", f"{hour:02d}:{minute:02d}"
    return text, ""


def _take_kind(text: str) -> tuple[str, str]:
    for match in _KIND.finditer(text):
        word = match[1].casefold()
        for kind, known in _KIND_WORDS.items():
            if any(word == one or (len(word) >= 2 and one.startswith(word)) for one in known):
                return f"{text[: match.start()]} {text[match.end() :]}", kind
    return text, ""


def _kind_in(text: str) -> str:
    """Without a #mark: the kind whose word begins the text, else other."""
    folded = text.casefold()
    for kind, known in _KIND_WORDS.items():
        if kind != "other" and any(folded.startswith(word) for word in known):
            return kind
    return "other"


def name_candidates(after_at: str) -> list[tuple[str, str]]:
    """What stood after @ as (possible name, rest), longest name first: "East Motors send list" may be a name of
    four, three, two or one words."""
    parts = after_at.split()[:CUSTOMER_WORDS]
    tail = after_at.split()[CUSTOMER_WORDS:]
    return [
        (" ".join(parts[:length]), " ".join([*parts[length:], *tail])) for length in range(len(parts), 0, -1)
    ]


ITEM_MOVES = moves(
    {
        "planned": N_('"%(number)s" is still to be done.'),
        "done": N_('"%(number)s" is done. Reopen it first.'),
        "carried_over": N_('"%(number)s" was carried over. Work on it in the later plan.'),
        "cancelled": N_('"%(number)s" was cancelled. Reopen it first.'),
    },
    ("do", "planned", "done", "plan.edit", "done_at"),
    ("carry", "planned", "carried_over", "plan.edit", ""),
    ("cancel", "planned", "cancelled", "plan.edit", ""),
    ("reopen", "done cancelled", "planned", "plan.edit", ""),
)


@dataclass(frozen=True)
class Tally:
    """Counts of a plan. Additions after the close are counted apart."""

    planned: int = 0
    done: int = 0
    carried_over: int = 0
    cancelled: int = 0
    open: int = 0
    additions: int = 0

    @property
    def is_balanced(self) -> bool:
        """planned = done + carried over + cancelled: nothing is left open."""
        return self.planned == self.done + self.carried_over + self.cancelled


def total(tallies: Iterable[Tally]) -> Tally:
    """The sum of several plans."""
    found = list(tallies)
    return Tally(
        planned=sum(one.planned for one in found),
        done=sum(one.done for one in found),
        carried_over=sum(one.carried_over for one in found),
        cancelled=sum(one.cancelled for one in found),
        open=sum(one.open for one in found),
        additions=sum(one.additions for one in found),
    )


def completion_bp(counted: Tally) -> int | None:
    """Plan completion in basis points: done of planned. None, never 0, where nothing was planned."""
    return counted.done * 10_000 // counted.planned if counted.planned else None


def tally(items: Iterable[tuple[str, bool]]) -> Tally:
    """Counts from (status, is_addition) of the items of a plan; `planned` is all that was planned before the close."""
    counted = {"planned": 0, "done": 0, "carried_over": 0, "cancelled": 0}
    additions = 0
    for status, is_addition in items:
        if is_addition:
            additions += 1
        else:
            counted[status] += 1
    return Tally(
        planned=sum(counted.values()),
        done=counted["done"],
        carried_over=counted["carried_over"],
        cancelled=counted["cancelled"],
        open=counted["planned"],
        additions=additions,
    )


@dataclass(frozen=True)
class Recorded:
    """Something recorded on the day that may show that an item was done."""

    kind: str
    id: UUID
    customer_id: UUID | None
    label: str


# What proves an item of which kind.
_PROVES: Mapping[str, tuple[str, ...]] = {
    "visit": ("visit", "meeting"),
    "call": ("call", "message", "mail"),
    "quote": ("quotation",),
    "collect": ("receipt",),
    "other": ("order", "quotation", "receipt", "visit", "call", "meeting", "mail", "message"),
}


def proof_of(
    kind: str, customer_id: UUID | None, records: Sequence[Recorded], used: set[UUID]
) -> Recorded | None:
    """The first record of the same customer that fits the item and proves no other one; None when there is none.

    An item without a customer is never proved by itself.
    """
    if customer_id is None:
        return None
    fitting = _PROVES.get(kind, ())
    for record in records:
        if record.id not in used and record.customer_id == customer_id and record.kind in fitting:
            return record
    return None


@dataclass(frozen=True)
class Left:
    """An open end of an earlier plan: its id, origin, how often carried, and the ids of what followed it."""

    id: UUID
    origin_id: UUID | None
    carried_count: int
    status: str
    happened_on: date


def followed_by(left: Left) -> tuple[UUID, int]:
    """Origin and count that the next item of the chain has."""
    return left.origin_id or left.id, left.carried_count + 1


def still_waiting(lefts: Iterable[Left], followers: Iterable[tuple[UUID | None, int]]) -> list[Left]:
    """Those of earlier plans that nobody took up yet: open or carried over, and not followed by a later item."""
    taken = set(followers)
    return [
        left
        for left in lefts
        if left.status in ("planned", "carried_over") and followed_by(left) not in taken
    ]


def order_of(positions: Sequence[UUID], moved: UUID, before: UUID | None) -> list[UUID]:
    """The items in their new order: `moved` put before `before`, or at the end; as they are when it is its own `before`."""
    if before == moved:
        return list(positions)
    rest = [one for one in positions if one != moved]
    place = rest.index(before) if before in rest else len(rest)
    return [*rest[:place], moved, *rest[place:]]
