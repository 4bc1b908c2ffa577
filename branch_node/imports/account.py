"""The account of a run: for every file created + updated + skipped + failed = rows read, and the same per record."""

import csv
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from branch_node.imports.staging import FAILED, OUTCOMES, StagedFile, Staging
from shared import i18n
from shared.errors import Text
from shared.i18n import N_

WHYS: Mapping[str, str] = {
    "other_branch": N_("belongs to another branch"),
    "filtered": N_("left out by the mapping"),
    "unchanged": N_("here already, unchanged"),
    "repeated": N_("the same row again"),
    "duplicate": N_("here already, entered otherwise"),
    "edited_here": N_("changed here by a person since"),
    "deleted_here": N_("deleted here since"),
    "looked_up": N_("only looked up"),
    "not_reached": N_("not reached before it was stopped"),
}
RESULT_COLUMNS = ("outcome", "file", "line", "record", "column", "reason", "row")


@dataclass
class FileAccount:
    """What became of the rows of one file. `because` counts the skipped ones by reason."""

    file: str
    read: int
    created: int = 0
    updated: int = 0
    skipped: int = 0
    failed: int = 0
    because: dict[str, int] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        return self.created + self.updated + self.skipped + self.failed == self.read


@dataclass
class RecordAccount:
    """What was done to the rows of one kind of record."""

    record: str
    created: int = 0
    updated: int = 0


@dataclass
class Account:
    """The whole account. `warnings` counts rows that a person should look at; they are in the result file, too."""

    mapping: str
    branch: str
    dry_run: bool
    run: str = ""
    files: list[FileAccount] = field(default_factory=list)
    records: dict[str, RecordAccount] = field(default_factory=dict)
    warnings: int = 0
    seconds: float = 0.0
    result_file: str = ""

    @property
    def read(self) -> int:
        return sum(one.read for one in self.files)

    @property
    def created(self) -> int:
        return sum(one.created for one in self.files)

    @property
    def updated(self) -> int:
        return sum(one.updated for one in self.files)

    @property
    def skipped(self) -> int:
        return sum(one.skipped for one in self.files)

    @property
    def failed(self) -> int:
        return sum(one.failed for one in self.files)

    def count(self, record: str, *, created: int = 0, updated: int = 0) -> None:
        """Add to a record's numbers."""
        found = self.records.setdefault(record, RecordAccount(record))
        found.created += created
        found.updated += updated

    def as_json(self) -> dict[str, Any]:
        """The account for machines."""
        total = {name: getattr(self, name) for name in ("read", "created", "updated", "skipped", "failed")}
        return {
            "mapping": self.mapping,
            "branch": self.branch,
            "dry_run": self.dry_run,
            "run": self.run,
            "files": [asdict(one) for one in self.files],
            "records": [asdict(one) for one in self.records.values()],
            "total": total,
            "warnings": self.warnings,
            "seconds": round(self.seconds, 3),
            "result_file": self.result_file,
        }


def file_account(staging: Staging, staged: StagedFile) -> FileAccount:
    """The outcomes of a file's rows."""
    account = FileAccount(staged.path, staged.read)
    for outcome, why, count in staging.tally(staged):
        name = OUTCOMES[outcome]
        setattr(account, name, getattr(account, name) + count)
        if name == "skipped":
            account.because[why] = account.because.get(why, 0) + count
    if not account.adds_up:
        raise AssertionError(f"{staged.path}: {account}")
    return account


@dataclass(frozen=True)
class Note:
    """A failed row, or one to look at, as kept for the page: its reason is rendered in the reader's language."""

    outcome: str
    file: str
    line: int
    record: str
    column: str
    msgid: str
    params: Mapping[str, Any]

    @property
    def reason(self) -> str:
        return i18n.render(self.msgid, self.params)


def write_result(staging: Staging, path: Path, keep: int = 100) -> tuple[list[Note], int, int]:
    """Write the result file: every failed row with its reason and its cells, then warnings of the rest.

    The first `keep` notes, the number of failures and of warnings. UTF-8 with a byte order mark; a value that a
    spreadsheet would take for a formula begins with an apostrophe. No file when there is nothing to write.
    """
    kept: list[Note] = []
    failures = warnings = 0
    rows = staging.notes()
    first = next(rows, None)
    if first is None:
        return kept, 0, 0
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(RESULT_COLUMNS)
        for staged, line, outcome, record, column, reason, cells in _chain(first, rows):
            word = "failed" if outcome == FAILED else "warning"
            failures, warnings = failures + (word == "failed"), warnings + (word == "warning")
            text = i18n.render(reason, reason.params)
            values = (word, staged.path, line, record, column, text, _cells(cells))
            writer.writerow([harmless(value) for value in values])
            if len(kept) < keep:
                kept.append(Note(word, staged.path, line, record, column, str(reason), reason.params))
    return kept, failures, warnings


def _chain(first: Any, rest: Iterable[Any]) -> Iterable[Any]:
    yield first
    yield from rest


def _cells(cells: Mapping[str, str]) -> str:
    return "; ".join(f"{name}={value}" for name, value in cells.items() if value)


def harmless(value: object) -> object:
    """A value that no spreadsheet takes for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r") else value


def lines_of(account: Account) -> list[str]:
    """The account as text for the command line."""
    width = max([4, *(len(one.file) for one in account.files)])
    out = [f"{'file':<{width}} {'read':>9} {'created':>9} {'updated':>9} {'skipped':>9} {'failed':>9}"]
    out += [
        f"{one.file:<{width}} {one.read:>9,} {one.created:>9,} {one.updated:>9,} {one.skipped:>9,} {one.failed:>9,}"
        for one in [*account.files, _total(account)]
    ]
    because: dict[str, int] = {}
    for one in account.files:
        for why, count in one.because.items():
            because[why] = because.get(why, 0) + count
    if because:
        reasons = i18n.gettext(", ").join(
            f"{count:,} {i18n.gettext(WHYS[why])}" for why, count in sorted(because.items())
        )
        out.append(i18n.gettext("Skipped: %(reasons)s.", reasons=reasons))
    for record in account.records.values():
        out.append(f"  {record.record}: {record.created:,} created, {record.updated:,} updated")
    return out


def _total(account: Account) -> FileAccount:
    return FileAccount("all", account.read, account.created, account.updated, account.skipped, account.failed)


def text_of(message: Text) -> str:
    """A reason in the active language."""
    return i18n.render(message, message.params)
