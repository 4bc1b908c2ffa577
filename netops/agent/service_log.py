"""The file a service writes to: its last lines, and turning it over before it grows too large."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from netops.agent.redaction import redact_text
from netops.agent.settings import Log

_TAIL_BYTES = 64 * 1024
_LONGEST_LINE = 2000
_turning = threading.Lock()


def last_lines(path: Path, count: int = 50) -> list[str]:
    """The last lines of the file, oldest first, redacted; fewer when it is short, none when there is no file."""
    try:
        with path.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(max(0, size - _TAIL_BYTES))
            text = stream.read(_TAIL_BYTES).decode(errors="replace")
    except OSError:
        return []
    return [redact_text(line[:_LONGEST_LINE]) for line in text.splitlines()[-count:]]


def rotate(path: Path, log: Log) -> bool:
    """Between two lives of a service: renames a file that is too large to <name>.1 and shifts the older ones.

    No line is lost: nobody has the file open for writing. Whether it was turned over; not while the disk thread cuts a file,
    since both would shift the same older ones.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with _turn() as is_ours:
        if not is_ours or _size_of(path) < log.largest_bytes:
            return False
        _shift(path, log)
        os.replace(path, _numbered(path, 1))
        return True


def is_overgrown(size_bytes: int, log: Log) -> bool:
    """Whether a file of that size is cut although its service still writes to it."""
    return size_bytes >= 2 * log.largest_bytes


def cut(path: Path, log: Log) -> bool:
    """During a long life: copies a file that is far too large to <name>.1 and empties it, from the disk thread.

    The service writes with O_APPEND, so it goes on at the new end. A line written in the microseconds between the last
    read and the truncation is lost; so this is done only at twice `largest_bytes`. Whether it was cut.
    """
    with _turn() as is_ours:
        if not is_ours or not is_overgrown(_size_of(path), log):
            return False
        _shift(path, log)
        with path.open("rb") as source, _numbered(path, 1).open("wb") as target:
            while block := source.read(1024 * 1024):
                target.write(block)
            os.truncate(path, 0)
        return True


@contextmanager
def _turn() -> Iterator[bool]:
    """Whether nobody else turns a log over just now; nobody waits."""
    is_ours = _turning.acquire(blocking=False)
    try:
        yield is_ours
    finally:
        if is_ours:
            _turning.release()


def _size_of(path: Path) -> int:
    """0 when there is no file."""
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0


def _shift(path: Path, log: Log) -> None:
    for number in range(log.kept_files - 1, 0, -1):
        older = _numbered(path, number)
        if older.exists():
            os.replace(older, _numbered(path, number + 1))


def _numbered(path: Path, number: int) -> Path:
    return path.with_name(f"{path.name}.{number}")
