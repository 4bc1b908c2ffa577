"""Log lines in the store: a table per day with an index of texts; a line sent twice is one line."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import msgspec

from netops.center.telemetry.schema import day_code, day_of, days, line_table, make_day
from shared.canonical import from_micros, to_micros
from shared.database import engine, execute, execute_many, fetch_all, fetch_one
from shared.nodes.report import LogBatch
from shared.web.filters import instant
from shared.web.keyset import like

LEVELS: Mapping[str, int] = {"debug": 10, "info": 20, "warning": 30, "error": 40, "critical": 50}
LEVEL_WORDS = {number: word for word, number in LEVELS.items()}
_FUTURE = timedelta(days=1)
_SHORTEST_INDEXED = 3
_TERM = re.compile(r'"([^"]*)"|(\S+)')


@dataclass(frozen=True, slots=True)
class StoredLine:
    """A line as it is shown: the node's time, when it arrived here, where it came from."""

    day: str
    id: int
    at: datetime
    received_at: datetime
    node: str
    service: str
    level: str
    event: str
    text: str
    suppressed: int

    @property
    def place(self) -> tuple[int, int]:
        """Its place in the order of time."""
        return to_micros(self.at), self.id

    @property
    def shown(self) -> str:
        """The line for people: of a JSON line its event and its other keys, without what stands beside it anyway."""
        return readable(self.text)


_BESIDE_IT = frozenset({"event", "timestamp", "level", "logger", "site", "color_message"})


def readable(text: str) -> str:
    """'request answered  status=200 path=/x' for a JSON line; any other line, and one cut in the middle, as it is."""
    if not text.startswith("{"):
        return text
    try:
        found = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return text
    rest = [f"{key}={_value(value)}" for key, value in found.items() if key not in _BESIDE_IT]
    return "  ".join(part for part in (str(found.get("event", "")), " ".join(rest)) if part)


def readable_with_time(text: str) -> str:
    """The same behind the time and the level of a JSON line, for a line beside which they do not stand."""
    try:
        found = msgspec.json.decode(text, type=_Head)
        at = instant(datetime.fromisoformat(found.timestamp), seconds=True)
    except (msgspec.DecodeError, ValueError):
        return readable(text)
    return "  ".join(part for part in (at, found.level, readable(text)) if part)


class _Head(msgspec.Struct):
    timestamp: str
    level: str = ""


def _value(value: object) -> str:
    if isinstance(value, str):
        return f'"{value}"' if " " in value else value
    return msgspec.json.encode(value).decode()


@dataclass(frozen=True, slots=True)
class LineQuestion:
    """Which lines: from (inclusive) to (exclusive) by the node's time, of these nodes and services (empty: all), at least
    of a level, holding every word of `text` (a phrase in quotes as it stands; letters of any case)."""

    from_at: datetime
    to_at: datetime
    nodes: Sequence[str] = ()
    service: str = ""
    level: str = "debug"
    text: str = ""
    before: tuple[int, int] | None = None
    """Only lines before this place (`StoredLine.place`)."""
    after: tuple[int, int] | None = None
    """Only lines that came into the store after this place (received, id): the live tail."""


class LineWriter:
    """Writes batches; remembers the numbers of sources and which days have a table."""

    def __init__(self) -> None:
        self._sources: dict[tuple[object, ...], int] = {}
        self._days: set[str] = set()

    def forget(self) -> None:
        """After a transaction that was rolled back, or a day that was dropped."""
        self._sources.clear()
        self._days.clear()

    async def prepare(self, batches: Iterable[tuple[str, LogBatch]], received_at: datetime) -> None:
        """Make the tables of the days. Outside the transaction that writes the lines."""
        for code in {_code(line.at, received_at) for _, batch in batches for line in batch.lines}:
            if code not in self._days:
                await make_day(code)
                self._days.add(code)

    async def put(self, batches: Iterable[tuple[str, LogBatch]], received_at: datetime) -> None:
        """Keep the lines of (node, batch); known ones change nothing. Inside the writer's transaction."""
        rows: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for node, batch in batches:
            source = await self._source(node, batch)
            for line in batch.lines:
                rows[_code(line.at, received_at)].append(
                    {
                        "source": source,
                        "start": line.offset,
                        "at": to_micros(line.at),
                        "received": to_micros(received_at),
                        "level": LEVELS.get(line.level, LEVELS["info"]),
                        "event": line.event[:200],
                        "text": (line.text or line.event).replace("\x00", "\ufffd"),
                        "suppressed": line.suppressed,
                    }
                )
        for code, found in rows.items():
            await execute_many(
                f"INSERT INTO {line_table(code)} (source, start_byte, at_us, received_us, level, event, text, suppressed)"
                " VALUES (:source, :start, :at, :received, :level, :event, :text, :suppressed) ON CONFLICT DO NOTHING",
                found,
            )

    async def _source(self, node: str, batch: LogBatch) -> int:
        values = {
            "node": node,
            "service": batch.service,
            "source": batch.source,
            "host_boot": batch.host_boot,
            "inode": batch.inode,
            "generation": batch.generation,
        }
        key = tuple(values.values())
        if key not in self._sources:
            await execute(
                "INSERT INTO telemetry_log_source (node, service, source, host_boot, inode, generation)"
                " VALUES (:node, :service, :source, :host_boot, :inode, :generation) ON CONFLICT DO NOTHING",
                **values,
            )
            row = await fetch_one(
                "SELECT id FROM telemetry_log_source WHERE node = :node AND service = :service AND source = :source"
                " AND host_boot = :host_boot AND inode = :inode AND generation = :generation",
                **values,
            )
            assert row is not None
            self._sources[key] = row["id"]
        return self._sources[key]


def _code(at: datetime, received_at: datetime) -> str:
    """The day's table of a line: by its own time, unless that lies more than a day ahead of the center's."""
    return day_code(received_at if at > received_at + _FUTURE else at)


def terms_of(text: str) -> list[str]:
    """The words and quoted phrases of a search, as they were typed."""
    found = [phrase or word for phrase, word in _TERM.findall(text)]
    return [term for term in found if term.strip()]


async def find_lines(question: LineQuestion, limit: int) -> list[StoredLine]:
    """The newest lines that answer the question, newest first; days are read one after the other until it is full."""
    found: list[StoredLine] = []
    first, last = day_code(question.from_at - _FUTURE), day_code(question.to_at + _FUTURE)
    for code in [code for code in reversed(await days()) if first <= code <= last]:
        if len(found) >= limit and found[limit - 1].at.date() > day_of(code):
            break
        found += await _lines_of_day(code, question, limit)
        found.sort(key=lambda line: line.place, reverse=True)
        found = found[:limit]
    return found


async def count_lines(question: LineQuestion) -> int:
    """How many lines answer the question."""
    first, last = day_code(question.from_at - _FUTURE), day_code(question.to_at + _FUTURE)
    total = 0
    for code in [code for code in await days() if first <= code <= last]:
        where, params = _condition(code, question)
        row = await fetch_one(f"SELECT count(*) AS n FROM {_joined(code)} WHERE {where}", **params)
        total += row["n"] if row else 0
    return total


async def newest_place(at: datetime) -> tuple[int, int]:
    """Where the live tail begins: after everything received up to `at`."""
    return to_micros(at), 2**62


async def lines_since(question: LineQuestion, limit: int) -> list[StoredLine]:
    """Lines received after `question.after`, oldest first."""
    assert question.after is not None
    newest = await find_lines(question, limit)
    return sorted(newest, key=lambda line: (to_micros(line.received_at), line.id))


async def services_of(nodes: Sequence[str]) -> list[str]:
    """The services that have sent lines, of these nodes (empty: all)."""
    where = "node IN :nodes" if nodes else "1 = 1"
    rows = await fetch_all(
        f"SELECT DISTINCT service FROM telemetry_log_source WHERE {where} ORDER BY service LIMIT 200",
        **({"nodes": list(nodes)} if nodes else {}),
    )
    return [row["service"] for row in rows]


def _joined(code: str) -> str:
    return f"{line_table(code)} AS line JOIN telemetry_log_source AS source ON source.id = line.source"


async def _lines_of_day(code: str, question: LineQuestion, limit: int) -> list[StoredLine]:
    where, params = _condition(code, question)
    order = "line.received_us DESC, line.id DESC" if question.after else "line.at_us DESC, line.id DESC"
    rows = await fetch_all(
        "SELECT line.id, line.at_us, line.received_us, line.level, line.event, line.text, line.suppressed,"
        f" source.node, source.service FROM {_joined(code)} WHERE {where}"
        f" ORDER BY {order} LIMIT {int(limit)}",
        **params,
    )
    return [
        StoredLine(
            code,
            row["id"],
            from_micros(row["at_us"]),
            from_micros(row["received_us"]),
            row["node"],
            row["service"],
            LEVEL_WORDS.get(row["level"], "info"),
            row["event"],
            row["text"],
            row["suppressed"],
        )
        for row in rows
    ]


def _condition(code: str, question: LineQuestion) -> tuple[str, dict[str, Any]]:
    """The condition of a question on a day's table, and its values."""
    parts = ["line.at_us >= :from_us", "line.at_us < :to_us", "line.level >= :level"]
    params: dict[str, Any] = {
        "from_us": question.from_at,
        "to_us": question.to_at,
        "level": LEVELS.get(question.level, 0),
    }
    if question.nodes:
        parts.append("source.node IN :nodes")
        params["nodes"] = list(question.nodes)
    if question.service:
        parts.append("source.service = :service")
        params["service"] = question.service
    if question.before:
        parts.append("(line.at_us < :before_us OR (line.at_us = :before_us AND line.id < :before_id))")
        params["before_us"], params["before_id"] = question.before
    if question.after:
        parts.append(
            "(line.received_us > :after_us OR (line.received_us = :after_us AND line.id > :after_id))"
        )
        params["after_us"], params["after_id"] = question.after
    _add_text(code, question.text, parts, params)
    return " AND ".join(parts), params


def _add_text(code: str, text: str, parts: list[str], params: dict[str, Any]) -> None:
    """SQLite asks the index of trigrams for terms of three letters and more; PostgreSQL's planner finds its own."""
    terms = terms_of(text)
    is_sqlite = engine() == "sqlite"
    indexed = [term for term in terms if is_sqlite and len(term) >= _SHORTEST_INDEXED]
    if indexed:
        table = line_table(code)
        parts.append(f"line.id IN (SELECT rowid FROM {table}_text WHERE {table}_text MATCH :match)")
        params["match"] = " AND ".join('"' + term.replace('"', '""') + '"' for term in indexed)
    for place, term in enumerate(term for term in terms if term not in indexed):
        name = "term_" + "abcdefghijklmnopqrstuvwxyz"[place % 26] * (1 + place // 26)
        parts.append(f"line.text {'LIKE' if is_sqlite else 'ILIKE'} :{name} ESCAPE '!'")
        params[name] = like(term)


def older(question: LineQuestion, line: StoredLine) -> LineQuestion:
    """The question for the lines before one."""
    return replace(question, before=line.place)
