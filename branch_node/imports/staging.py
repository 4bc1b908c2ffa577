"""All files of a run in one temporary SQLite file: joins over any number of files, outcomes of rows, keys seen.

It bounds the memory of a run whatever the files' size, and a dry run decides everything from it and the branch's
database without writing there. Synchronous: the engine calls it from a thread.
"""

import json
import sqlite3
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from branch_node.imports.problems import Fault, RowFailed, likeliest_first
from branch_node.imports.reading import BadFile, Source
from shared.digits import whole_number
from shared.errors import Text
from shared.i18n import N_

SKIPPED, UPDATED, CREATED, FAILED = 1, 2, 3, 4
OUTCOMES = {SKIPPED: "skipped", UPDATED: "updated", CREATED: "created", FAILED: "failed"}
ROWS_AT_ONCE = 1_000


@dataclass
class StagedFile:
    """A file: its name in the mapping, its path as written there, and its table."""

    name: str
    path: str
    number: int
    header: list[str]
    is_typed: bool
    read: int = 0
    indexes: set[tuple[int, ...]] = field(default_factory=set)

    @property
    def table(self) -> str:
        return f"f{self.number}"

    def column(self, wanted: str) -> int | Text:
        """The position of a column, or what is wrong: not there, or there twice (then NAME#2 is the second)."""
        name = " ".join(unicodedata.normalize("NFKC", wanted).split())
        places = [number for number, one in enumerate(self.header) if one == name]
        if not places:
            places = [number for number, one in enumerate(self.header) if one.casefold() == name.casefold()]
        if len(places) == 1:
            return places[0]
        if places:
            return Text(
                N_("%(file)s has %(count)s columns called %(column)s. Write %(column)s#1, %(column)s#2 ..."),
                file=self.path, count=len(places), column=name,
            )  # fmt: skip
        base, mark, number = name.rpartition("#")
        wanted = whole_number(number)
        if mark and wanted is not None:
            same = (
                [place for place, one in enumerate(self.header) if one == base]
                if base
                else range(len(self.header))
            )
            if 0 < wanted <= len(same):
                return same[wanted - 1]
        known = likeliest_first(name, self.header)
        return Text(
            N_("%(file)s has no column %(column)s. Correct the name here, or add the column. It has: %(known)s."),
            file=self.path, column=name, known=", ".join(one or "-" for one in known[:40]),
        )  # fmt: skip


@dataclass(frozen=True)
class Known:
    """A row that this run has seen: where, which record it became, a hash of its values, whether it is new, and for
    which [[records]] entry."""

    line: int
    row_id: str
    content: str
    is_new: bool
    plan: int


class Staging:
    """The temporary database of one run; use it as a context manager, the file goes with it."""

    def __init__(self, path: Path) -> None:
        self.db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self.db.executescript(
            "PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA cache_size = -16000; PRAGMA temp_store = FILE;"
            "CREATE TABLE known (record TEXT, key TEXT, line INTEGER, row_id TEXT, content TEXT, is_new INTEGER,"
            " plan INTEGER, PRIMARY KEY (record, key)) WITHOUT ROWID;"
            "CREATE TABLE twin (kind TEXT, key TEXT, row_id TEXT, PRIMARY KEY (kind, key)) WITHOUT ROWID;"
            "CREATE TABLE ordinal (digest TEXT PRIMARY KEY, n INTEGER) WITHOUT ROWID;"
            "CREATE TABLE note (file INTEGER, line INTEGER, outcome INTEGER, record TEXT, place TEXT, msgid TEXT,"
            " params TEXT);"
        )
        self.files: dict[str, StagedFile] = {}
        path.unlink()  # the open file lives on without its name: nothing is left behind, even by a process that is killed

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_: object) -> None:
        self.db.close()

    # --- reading files in ---------------------------------------------------------------------------------------

    def add_file(self, name: str, path: str, source: Source) -> StagedFile:
        """Register an opened file by its header; `stage` reads its rows."""
        staged = StagedFile(name, path, len(self.files), source.header, source.is_typed)
        columns = ", ".join(f"c{number} TEXT" for number in range(len(source.header)))
        self.db.execute(
            f"CREATE TABLE {staged.table} (line INTEGER PRIMARY KEY, outcome INTEGER, why TEXT, {columns})"
        )
        self.files[name] = staged
        return staged

    def stage(self, staged: StagedFile, source: Source, progress: Callable[[int], None]) -> None:
        """Read all rows of a file. Raises BadFile; rows with a fault are failed from the start."""
        places = ", ".join("?" * (len(staged.header) + 2))
        names = ", ".join(f"c{number}" for number in range(len(staged.header)))
        sql = f"INSERT INTO {staged.table} (line, outcome, {names}) VALUES ({places})"
        for rows in batches(source.rows()):
            self.db.execute("BEGIN")
            self.db.executemany(sql, [(row.line, FAILED if row.fault else None, *row.cells) for row in rows])
            self._note(
                (staged.number, row.line, FAILED, "", "", *_stored(row.fault)) for row in rows if row.fault
            )
            self.db.execute("COMMIT")
            staged.read += len(rows)
            progress(len(rows))

    # --- selecting ----------------------------------------------------------------------------------------------

    def index(self, staged: StagedFile, columns: Sequence[int]) -> None:
        """Make sure that rows are found by these columns."""
        wanted = tuple(columns)
        if wanted in staged.indexes:
            return
        names = ", ".join(f"c{number}" for number in wanted)
        label = "_".join(map(str, wanted))
        self.db.execute(f"CREATE INDEX {staged.table}_{label} ON {staged.table} ({names})")
        staged.indexes.add(wanted)

    def has_twins(self, staged: StagedFile, columns: Sequence[int]) -> bool:
        """Whether two rows have the same values in these columns."""
        names = ", ".join(f"c{number}" for number in columns)
        sql = f"SELECT 1 FROM {staged.table} WHERE c{columns[0]} <> '' GROUP BY {names} HAVING count(*) > 1 LIMIT 1"
        return self.db.execute(sql).fetchone() is not None

    def fetch(self, sql: str, params: Sequence[Any] = ()) -> list[Any]:
        """Rows of a SELECT."""
        return self.db.execute(sql, params).fetchall()

    def count(self, staged: StagedFile) -> int:
        return staged.read

    # --- outcomes -----------------------------------------------------------------------------------------------

    def settle(self, staged: StagedFile, outcomes: Iterable[tuple[int, int, str]]) -> None:
        """Note what became of rows: (line, outcome, why skipped). The weightier of two outcomes of a row stands."""
        self.db.execute("BEGIN")
        self.db.executemany(
            f"UPDATE {staged.table} SET outcome = ?2, why = ?3 WHERE line = ?1 AND (outcome IS NULL OR outcome < ?2)",
            outcomes,
        )
        self.db.execute("COMMIT")

    def fail(self, staged: StagedFile, record: str, failures: Iterable[tuple[int, RowFailed]]) -> None:
        """Note failed rows with their reasons."""
        found = list(failures)
        self.settle(staged, ((line, FAILED, "") for line, _ in found))
        self.db.execute("BEGIN")
        self._note(
            (staged.number, line, FAILED, record, reason.column, *_stored(reason.message))
            for line, reason in found
        )
        self.db.execute("COMMIT")

    def warn(self, staged: StagedFile, record: str, warnings: Iterable[tuple[int, Text]]) -> None:
        """Note what a person should look at; the rows are imported all the same."""
        self.db.execute("BEGIN")
        self._note((staged.number, line, SKIPPED, record, "", *_stored(text)) for line, text in warnings)
        self.db.execute("COMMIT")

    def _note(self, rows: Iterable[tuple[Any, ...]]) -> None:
        self.db.executemany("INSERT INTO note VALUES (?, ?, ?, ?, ?, ?, ?)", rows)

    def settle_rest(self, staged: StagedFile, why: str) -> None:
        """Rows that nothing has decided on are skipped."""
        self.db.execute(
            f"UPDATE {staged.table} SET outcome = ?, why = ? WHERE outcome IS NULL", (SKIPPED, why)
        )

    def tally(self, staged: StagedFile) -> list[tuple[int, str, int]]:
        """(outcome, why, number of rows) of a file."""
        return self.fetch(f"SELECT outcome, coalesce(why, ''), count(*) FROM {staged.table} GROUP BY 1, 2")

    def notes(self) -> Iterator[tuple[StagedFile, int, int, str, str, Text, dict[str, str]]]:
        """Failures and warnings in the order of files and lines: file, line, outcome, record, place, reason, cells."""
        files = {staged.number: staged for staged in self.files.values()}
        cursor = self.db.execute(
            "SELECT file, line, outcome, record, place, msgid, params FROM note ORDER BY file, line, rowid"
        )
        for number, line, outcome, record, place, msgid, params in cursor:
            staged = files[number]
            names = ", ".join(f"c{position}" for position in range(len(staged.header)))
            cells = self.fetch(f"SELECT {names} FROM {staged.table} WHERE line = ?", (line,))
            values = dict(zip(staged.header, cells[0], strict=True)) if cells else {}
            yield staged, line, outcome, record, place, Text(msgid, **json.loads(params)), values

    # --- keys of this run ---------------------------------------------------------------------------------------

    def known(self, record: str, keys: Sequence[str]) -> dict[str, Known]:
        """What this run has made of rows with these keys."""
        places = ", ".join("?" * len(keys))
        sql = f"SELECT key, line, row_id, content, is_new, plan FROM known WHERE record = ? AND key IN ({places})"
        return {
            key: Known(line, row_id, content, bool(is_new), plan)
            for key, line, row_id, content, is_new, plan in self.fetch(sql, (record, *keys))
        }

    def remember(self, record: str, rows: Iterable[tuple[str, int, str, str, bool, int]]) -> None:
        """Note (key, line, row id, content, is new, plan) of rows; the first of a key stands."""
        self.db.execute("BEGIN")
        self.db.executemany(
            "INSERT OR IGNORE INTO known VALUES (?, ?, ?, ?, ?, ?, ?)", ((record, *row) for row in rows)
        )
        self.db.execute("COMMIT")

    def ordinal(self, digest: str) -> int:
        """How many rows with this digest there have been, this one included."""
        sql = "INSERT INTO ordinal VALUES (?, 1) ON CONFLICT (digest) DO UPDATE SET n = n + 1 RETURNING n"
        return int(self.db.execute(sql, (digest,)).fetchone()[0])

    def twins(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """Row ids of this run by (kind, key) of what they are recognised by."""
        found: dict[tuple[str, str], str] = {}
        for kind in {kind for kind, _ in keys}:
            wanted = [key for one, key in keys if one == kind]
            places = ", ".join("?" * len(wanted))
            for key, row_id in self.fetch(
                f"SELECT key, row_id FROM twin WHERE kind = ? AND key IN ({places})", (kind, *wanted)
            ):
                found[kind, key] = row_id
        return found

    def remember_twins(self, rows: Iterable[tuple[str, str, str]]) -> None:
        """Note (kind, key, row id); the first of a key stands."""
        self.db.execute("BEGIN")
        self.db.executemany("INSERT OR IGNORE INTO twin VALUES (?, ?, ?)", rows)
        self.db.execute("COMMIT")


def _stored(text: Text | None) -> tuple[str, str]:
    params: Mapping[str, object] = text.params if text is not None else {}
    return str(text or ""), json.dumps(params, ensure_ascii=False, default=str)


def batches(rows: Iterable[Any], size: int = ROWS_AT_ONCE) -> Iterator[list[Any]]:
    """Rows in lists of at most `size`."""
    batch: list[Any] = []
    for row in rows:
        batch.append(row)
        if len(batch) == size:
            yield batch
            batch = []
    if batch:
        yield batch


def file_fault(path: str, wrong: BadFile) -> Fault:
    """A fault of a whole file with its place."""
    return Fault(f"{path}:{wrong.line}" if wrong.line else path, wrong.message)
