"""What the agent must still know after its own crash: its services' processes, budgets, recoveries, judged commands.

One SQLite file, used from the disk thread only (reads at start excepted). Synchronous FULL: a line that was written is
there after a power cut. Recoveries and incidents are kept to a number, not for ever.
"""

from __future__ import annotations

import sqlite3
from pathlib import Path

import msgspec

from netops.agent.drivers import Mark
from netops.agent.rules import History
from shared.nodes.report import AuditSlice, AuditStep, CommandResult, Incident, RecoveryRecord

_KEPT_RECORDS = 500
_SCHEMA = """
create table if not exists memory (service text primary key, content blob not null);
create table if not exists recovery (id text primary key, number integer, content blob not null);
create table if not exists incident (id text primary key, number integer, content blob not null);
create table if not exists command (id text primary key, seq integer unique, content blob not null);
create table if not exists audit (number integer primary key autoincrement, hash text not null, entry blob not null);
create table if not exists word (name text primary key, value text not null);
"""


class ServiceMemory(msgspec.Struct, kw_only=True):
    """All that is remembered of one service."""

    host_boot: str = ""
    is_wanted: bool = True
    autostart: bool | None = None
    """What the node file said when that was wanted; None: not known."""
    mark: Mark | None = None
    started: float = 0.0
    """Host seconds."""
    ready_since: float | None = None
    history: History = History()
    incident: Incident | None = None
    """The open one, or the latest while it may still be reopened."""
    recovery: RecoveryRecord | None = None
    """The one in progress, with the host seconds of its first sign and its decision."""
    first_sign: float = 0.0
    decided: float = 0.0

    def for_host(self, host_boot: str) -> ServiceMemory:
        """What of it is still true on this run of the host: after a reboot only what people wanted."""
        if self.host_boot == host_boot:
            return self
        return ServiceMemory(host_boot=host_boot, is_wanted=self.is_wanted, autostart=self.autostart)

    def under(self, autostart: bool) -> None:
        """The node file says so now: where it said otherwise before, its word is newer than what was wanted then."""
        if self.autostart not in (None, autostart):
            self.is_wanted = autostart
        self.autostart = autostart


class Journal:
    """The file. Every method may raise sqlite3.Error (disk full, damaged): the caller goes on without."""

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        self._db.execute("pragma journal_mode=wal")
        self._db.execute("pragma synchronous=full")
        self._db.execute("pragma cache_size=-200")
        self._db.executescript(_SCHEMA)

    def memories(self) -> dict[str, ServiceMemory]:
        rows = self._db.execute("select service, content from memory").fetchall()
        return {service: msgspec.json.decode(content, type=ServiceMemory) for service, content in rows}

    def remember(self, service: str, content: bytes) -> None:
        """content is the encoded ServiceMemory, encoded by the caller at the instant it was true."""
        self._db.execute("insert or replace into memory values (?, ?)", (service, content))

    def keep_recovery(self, record: RecoveryRecord) -> None:
        self._keep("recovery", record.id, msgspec.json.encode(record))

    def keep_incident(self, incident: Incident) -> None:
        self._keep("incident", incident.id, msgspec.json.encode(incident))

    def recoveries(self, count: int = 50) -> list[RecoveryRecord]:
        """The latest recoveries, newest first."""
        return [msgspec.json.decode(row, type=RecoveryRecord) for row in self._latest("recovery", count)]

    def incidents(self, count: int = 50) -> list[Incident]:
        """The latest incidents, newest first."""
        return [msgspec.json.decode(row, type=Incident) for row in self._latest("incident", count)]

    def word(self, name: str) -> str:
        """A single remembered value; "" when there is none."""
        row = self._db.execute("select value from word where name = ?", (name,)).fetchone()
        return row[0] if row else ""

    def set_word(self, name: str, value: str) -> None:
        self._db.execute("insert or replace into word values (?, ?)", (name, value))

    def last_command_seq(self) -> int:
        row = self._db.execute("select max(seq) from command").fetchone()
        return row[0] or 0

    def keep_command(self, result: CommandResult, audit_entry: bytes) -> str:
        """Writes a step of a command and its audit entry in one transaction; the new audit hash. After the return it is
        on disk: `accepted` is written by this before anything is done."""
        from shared.nodes.command import audit_hash

        self._db.execute("begin immediate")
        try:
            result.audit_before = self.audit_head()
            chained = audit_hash(result.audit_before, audit_entry)
            self._db.execute("insert into audit (hash, entry) values (?, ?)", (chained, audit_entry))
            result.audit = chained
            self._db.execute(
                "insert or replace into command values (?, ?, ?)",
                (result.id, result.seq, msgspec.json.encode(result)),
            )
            self._db.execute("commit")
        except BaseException:
            self._db.execute("rollback")
            raise
        return chained

    def audit_head(self) -> str:
        row = self._db.execute("select hash from audit order by number desc limit 1").fetchone()
        return row[0] if row else ""

    def audit(self) -> list[tuple[str, bytes]]:
        """All (hash, entry), oldest first."""
        return self._db.execute("select hash, entry from audit order by number").fetchall()

    def audit_after(self, head: str, count: int = 500) -> AuditSlice:
        """At most `count` entries after the one with this hash; from the start, and said so, when it is not here."""
        row = self._db.execute("select number from audit where hash = ?", (head,)).fetchone()
        after = row[0] if row else 0
        rows = self._db.execute(
            "select hash, entry from audit where number > ? order by number limit ?", (after, count)
        )
        entries = [AuditStep(hash, bytes(entry).decode()) for hash, entry in rows]
        return AuditSlice(after=head, is_known=row is not None or head == "", entries=entries)

    def unfinished_commands(self) -> list[CommandResult]:
        """Commands that were accepted and never ended: the agent was killed between the two."""
        rows = self._db.execute("select content from command").fetchall()
        results = [msgspec.json.decode(row[0], type=CommandResult) for row in rows]
        return [result for result in results if result.state == "accepted"]

    def close(self) -> None:
        self._db.close()

    def _keep(self, table: str, key: str, content: bytes) -> None:
        number = self._db.execute(f"select coalesce(max(number), 0) + 1 from {table}").fetchone()[0]
        self._db.execute(
            f"insert into {table} values (?, ?, ?) on conflict (id) do update set content = excluded.content",
            (key, number, content),
        )
        self._db.execute(f"delete from {table} where number <= ?", (number - _KEPT_RECORDS,))

    def _latest(self, table: str, count: int) -> list[bytes]:
        rows = self._db.execute(f"select content from {table} order by number desc limit ?", (count,))
        return [row[0] for row in rows]
