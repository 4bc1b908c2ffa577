"""Decisions about directives: kinds, whom a unit means, how far a directive has come, when to remind. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from shared.errors import Conflict
from shared.i18n import N_

STEPS = ("delivered", "read", "acknowledged", "done")
UNIT_KINDS = ("company", "branch", "department", "employee")
MAX_FILE_BYTES = 5_000_000
MAX_FILES = 10


@dataclass(frozen=True)
class Unit:
    """Whom a directive is for: the whole company, a branch, a department or a person of a branch."""

    kind: str
    branch: str = ""
    id: str = ""
    name: str = ""

    @property
    def code(self) -> str:
        """How a form names it: company, branch:SH, department:ID, employee:ID."""
        return self.kind if self.kind == "company" else f"{self.kind}:{self.id or self.branch}"

    def plain(self) -> dict[str, str]:
        """As the record keeps it."""
        return {"kind": self.kind, "branch": self.branch, "id": self.id, "name": self.name}


def units_of(plain: Iterable[Mapping[str, str]]) -> list[Unit]:
    """The units that a record keeps."""
    return [Unit(row["kind"], row.get("branch", ""), row.get("id", ""), row.get("name", "")) for row in plain]


def with_unit(units: Sequence[Unit], more: Unit) -> list[Unit]:
    """The units and one more; the company stands for all others, a branch for what lies in it."""
    if more.kind == "company":
        return [more]
    kept = [unit for unit in units if unit.kind != "company" and unit.code != more.code]
    if more.kind == "branch":
        kept = [unit for unit in kept if unit.branch != more.branch]
    elif any(unit.kind == "branch" and unit.branch == more.branch for unit in kept):
        return kept
    return [*kept, more]


def require_status(status: str, wanted: str) -> None:
    """Conflict, saying what can be done, unless the directive is in the state that the act needs."""
    if status == wanted:
        return
    texts = {
        "draft": N_("This directive is issued and cannot be changed. Withdraw it and write a new one."),
        "issued": N_("Only a directive that is issued and not withdrawn can be reminded of or withdrawn."),
    }
    raise Conflict(texts[wanted], code=f"directive.{status}")


@dataclass(frozen=True)
class Received:
    """One recipient and how far it got: a step of STEPS, '' for nothing yet."""

    branch: str
    name: str
    step: str

    def has(self, step: str) -> bool:
        """Whether the recipient has come at least so far."""
        return self.step in STEPS and STEPS.index(self.step) >= STEPS.index(step)


@dataclass(frozen=True)
class Progress:
    """How many of the recipients have come how far; each step includes the later ones."""

    total: int
    delivered: int
    read: int
    acknowledged: int
    done: int

    @property
    def coverage_bp(self) -> int | None:
        """Acknowledged in basis points of all recipients; None without any."""
        return self.acknowledged * 10_000 // self.total if self.total else None


def progress_of(rows: Sequence[Received]) -> Progress:
    """The counts of some recipients."""
    counts = [sum(row.has(step) for row in rows) for step in STEPS]
    return Progress(len(rows), *counts)


def by_branch(rows: Sequence[Received]) -> dict[str, list[Received]]:
    """The recipients of each branch."""
    found: dict[str, list[Received]] = {}
    for row in rows:
        found.setdefault(row.branch, []).append(row)
    return found


def reminder_due(deadline_on: date | None, today: date, reminded_on: date | None) -> bool:
    """Whether to remind by itself: once from the day before the deadline, and once more after it has passed."""
    if deadline_on is None:
        return False
    eve = deadline_on - timedelta(days=1)
    if today > deadline_on:
        return reminded_on is None or reminded_on <= deadline_on
    return today >= eve and (reminded_on is None or reminded_on < eve)
