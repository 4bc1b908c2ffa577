"""Reads the services' log files as they grow: JSON lines and plain text, redacted, limited in rate, each line once.

A line's identity is (host boot, inode, generation, offset). All of it runs in the disk thread.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from netops.agent.redaction import redact, redact_text
from netops.agent.service_log import cut, is_overgrown
from netops.agent.settings import Log
from netops.agent.spool import TailPosition
from shared.clock import now
from shared.nodes.report import LogBatch, LogLine

_BLOCK_BYTES = 256 * 1024
_BLOCKS_AT_ONCE = 10
"""With a look every five seconds half a megabyte a second, which is far more than is passed on."""
_LONGEST_LINE_BYTES = 8 * 1024
_LEVELS = {
    "DEBUG": 10,
    "INFO": 20,
    "WARNING": 30,
    "WARN": 30,
    "ERROR": 40,
    "CRITICAL": 50,
    "FATAL": 50,
    "EXCEPTION": 40,
}
_PLAIN_LEVEL = re.compile(r"\b(DEBUG|INFO|WARN(?:ING)?|ERROR|CRITICAL|FATAL)\b", re.I)


class Bucket:
    """Lets `per_second` lines through on average and `burst` at once; counts what it holds back."""

    def __init__(self, per_second: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._clock = per_second, float(burst), clock
        self._tokens, self._at = float(burst), clock()
        self.suppressed = 0

    def take(self) -> bool:
        at = self._clock()
        self._tokens = min(self._burst, self._tokens + (at - self._at) * self._rate)
        self._at = at
        if self._tokens < 1:
            self.suppressed += 1
            return False
        self._tokens -= 1
        return True


class Tail:
    """One file of one service. `poll` reads what is new and moves `position`; the caller keeps both together."""

    def __init__(
        self,
        service: str,
        source: str,
        path: Path,
        log: Log,
        host_boot: str,
        position: TailPosition | None = None,
    ) -> None:
        self.service, self.source, self.path, self._log, self._host_boot = (
            service,
            source,
            path,
            log,
            host_boot,
        )
        self.position = position
        self._bucket = Bucket(log.lines_per_second, log.burst_lines)
        self._least = _LEVELS[log.level]
        self._stream: BinaryIO | None = None

    @property
    def key(self) -> str:
        return f"{self.service}/{self.source}"

    def poll(self) -> list[LogBatch]:
        """New lines, at most a few blocks of 256 KiB at a time. Follows a turned-over file to its end first."""
        if self._is_quiet() or (self._stream is None and not self._open()):
            return []
        batches = self._read()
        if self._is_replaced() and not self._has_more():
            self.close()
            if self._open():
                batches += self._read()
        elif cut(self.path, self._log):
            self._next_file(self._inode())
        return [batch for batch in batches if batch.lines]

    def _is_quiet(self) -> bool:
        """The file that is being read is still there under its name, read to its end and not too large. One look at it; all
        else costs five, for every service every two seconds."""
        if self._stream is None or self.position is None:
            return False
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        is_read = found.st_ino == self.position.inode and found.st_size == self.position.offset
        return is_read and not is_overgrown(found.st_size, self._log)

    def close(self) -> None:
        if self._stream is not None:
            self._stream.close()
            self._stream = None

    def _open(self) -> bool:
        """Continues where the position says, in the turned-over file if that is where it was; else in the present one."""
        for number in range(self._log.kept_files, -1, -1):
            path = self.path.with_name(f"{self.path.name}.{number}") if number else self.path
            try:
                stream = path.open("rb")
            except OSError:
                continue
            inode = os.fstat(stream.fileno()).st_ino
            if (
                self.position is not None
                and inode == self.position.inode
                and not self._is_finished(stream, number)
            ):
                self._stream = stream
                return True
            if number == 0:
                self._stream = stream
                if self.position is None or inode != self.position.inode:
                    self._next_file(inode)
                return True
            stream.close()
        return False

    def _is_finished(self, stream: BinaryIO, number: int) -> bool:
        """A turned-over file that was read to its end: go on with the present one."""
        assert self.position is not None
        return number > 0 and os.fstat(stream.fileno()).st_size <= self.position.offset

    def _next_file(self, inode: int) -> None:
        generation = self.position.generation + 1 if self.position else 1
        self.position = TailPosition(inode, generation, 0)

    def _inode(self) -> int:
        assert self._stream is not None
        return os.fstat(self._stream.fileno()).st_ino

    def _is_replaced(self) -> bool:
        try:
            return self.path.stat().st_ino != self._inode()
        except FileNotFoundError:
            return False

    def _has_more(self) -> bool:
        assert self._stream is not None
        assert self.position is not None
        return os.fstat(self._stream.fileno()).st_size > self.position.offset

    def _read(self) -> list[LogBatch]:
        assert self._stream is not None
        assert self.position is not None
        if os.fstat(self._stream.fileno()).st_size < self.position.offset:
            self._next_file(self._inode())  # somebody else cut the file
        batches = []
        for _ in range(_BLOCKS_AT_ONCE):
            block = os.pread(self._stream.fileno(), _BLOCK_BYTES, self.position.offset)
            end = block.rfind(b"\n") + 1
            if not end and len(block) == _BLOCK_BYTES:
                end = len(block)  # one line longer than a block: passed on in pieces
            if not end:
                break
            batches.append(self._batch(block[:end]))
            self.position = TailPosition(
                self.position.inode, self.position.generation, self.position.offset + end
            )
        return batches

    def _batch(self, block: bytes) -> LogBatch:
        assert self.position is not None
        offset = self.position.offset
        lines = []
        for raw in block.splitlines(keepends=True):
            line = self._line(raw, offset)
            offset += len(raw)
            if line is None:
                continue
            if self._bucket.take():
                line.suppressed, self._bucket.suppressed = self._bucket.suppressed, 0
                lines.append(line)
        return LogBatch(
            key=0,
            service=self.service,
            source=self.source,
            host_boot=self._host_boot,
            inode=self.position.inode,
            generation=self.position.generation,
            lines=lines,
        )

    def _line(self, raw: bytes, offset: int) -> LogLine | None:
        """The line, or None when it is empty or below the wanted level."""
        raw = raw.strip()
        if not raw:
            return None
        if raw.startswith(b"{") and len(raw) <= _LONGEST_LINE_BYTES:
            try:
                return self._json_line(msgspec.json.decode(raw, type=dict[str, Any]), offset)
            except msgspec.DecodeError:
                pass
        text = redact_text(raw[:_LONGEST_LINE_BYTES].decode(errors="replace"))
        found = _PLAIN_LEVEL.search(text[:80])
        level = found.group(1).lower() if found else "info"
        return self._wanted(LogLine(offset=offset, at=now(), level=_plain_level(level), text=text))

    def _json_line(self, fields: dict[str, Any], offset: int) -> LogLine | None:
        level = _plain_level(str(fields.get("level", "info")).lower())
        line = LogLine(offset=offset, at=_instant(fields.get("timestamp")), level=level)
        if self._wanted(line) is None:
            return None
        line.event = str(fields.get("event", ""))[:200]
        line.text = msgspec.json.encode(redact(fields)).decode()
        return line

    def _wanted(self, line: LogLine) -> LogLine | None:
        return line if _LEVELS.get(line.level.upper(), 20) >= self._least else None


def _plain_level(level: str) -> str:
    return {"warn": "warning", "fatal": "critical", "exception": "error"}.get(level, level)


def _instant(value: object) -> datetime:
    """The line's own time; the present when it has none or one without offset."""
    if isinstance(value, str):
        try:
            at = datetime.fromisoformat(value)
        except ValueError:
            return now()
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    return now()
