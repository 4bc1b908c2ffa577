"""Samples in the store: a hot row per node and instant, sealed into an hour's chunk with its roll-ups."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from netops.center.telemetry.codec import Table, pack, unpack
from netops.center.telemetry.rollup import HOUR_US, ROLLUP_STEPS, hour_of, merged, rolled_up
from shared.database import execute, execute_many, fetch_all, fetch_one, transaction
from shared.nodes.report import SampleBatch

PUT_ROW = (
    "INSERT INTO telemetry_hot_row (node, at_us, names, late, content)"
    " VALUES (:node, :at, :names, :late, :content) ON CONFLICT DO NOTHING"
)
"""Keeps a row; one of an instant that is known already changes nothing."""
_PACKER = msgspec.msgpack.Encoder()

RAW = 0
"""The step of a chunk that holds every sample."""


class MetricNames:
    """Numbers of the lists of names that agents send; an agent sends the same list for as long as it runs."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, ...], int] = {}
        self._lists: dict[int, list[str]] = {}

    def known(self, names: Sequence[str]) -> int | None:
        """The number of a list that had one already."""
        return self._numbers.get(tuple(names))

    async def number(self, names: Sequence[str]) -> int:
        """The number of a list; written down when it is new. Inside the writer's transaction."""
        key = tuple(names)
        if key not in self._numbers:
            content = msgspec.json.encode(names).decode()
            await execute(
                "INSERT INTO telemetry_names (content) VALUES (:content) ON CONFLICT DO NOTHING",
                content=content,
            )
            row = await fetch_one("SELECT id FROM telemetry_names WHERE content = :content", content=content)
            assert row is not None
            self._numbers[key] = row["id"]
        return self._numbers[key]

    def forget(self) -> None:
        """After a transaction that was rolled back: what it had numbered is not on file."""
        self._numbers.clear()

    async def names(self, number: int) -> list[str]:
        """The list of a number."""
        if number not in self._lists:
            row = await fetch_one("SELECT content FROM telemetry_names WHERE id = :id", id=number)
            self._lists[number] = msgspec.json.decode(row["content"], type=list[str]) if row else []
        return self._lists[number]


async def put_batches(names: MetricNames, batches: Iterable[tuple[str, SampleBatch]]) -> None:
    """Keep the rows of (node, batch). A row of an instant that is known already changes nothing."""
    await execute_many(
        PUT_ROW,
        [row for node, batch in batches for row in hot_rows(node, batch, await names.number(batch.names))],
    )


def hot_rows(node: str, batch: SampleBatch, number: int) -> list[dict[str, Any]]:
    """What PUT_ROW takes for the rows of a batch with the names of this number."""
    return [
        {
            "node": node,
            "at": row.at_us,
            "names": number,
            "late": int(batch.history),
            "content": _PACKER.encode(row.values),
        }
        for row in batch.rows
    ]


def rows_of_known(
    names: MetricNames, batches: Iterable[tuple[str, SampleBatch]]
) -> list[dict[str, Any]] | None:
    """What PUT_ROW takes for all rows of (node, batch); None where a list of names has no number yet."""
    rows: list[dict[str, Any]] = []
    for node, batch in batches:
        number = names.known(batch.names)
        if number is None:
            return None
        rows += hot_rows(node, batch, number)
    return rows


async def hot_table(
    names: MetricNames, node: str, from_us: int, to_us: int, wanted: Collection[str] | None = None
) -> Table:
    """Rows of [from, to) that are not sealed, with the named columns (None: all)."""
    rows = await fetch_all(
        "SELECT at_us, names, late, content FROM telemetry_hot_row"
        " WHERE node = :node AND at_us >= :from_us AND at_us < :to_us ORDER BY at_us",
        node=node,
        from_us=from_us,
        to_us=to_us,
    )
    columns: dict[str, list[float | None]] = defaultdict(list)
    for place, row in enumerate(rows):
        values = msgspec.msgpack.decode(row["content"], type=list[float | None])
        for name, value in zip(await names.names(row["names"]), values, strict=False):
            if wanted is None or name in wanted:
                column = columns[name]
                column.extend([None] * (place - len(column)))
                column.append(value)
    for column in columns.values():
        column.extend([None] * (len(rows) - len(column)))
    return Table([row["at_us"] for row in rows], [bool(row["late"]) for row in rows], dict(columns))


async def chunks(
    node: str, step_seconds: int, from_us: int, to_us: int, wanted: Collection[str] | None = None
) -> list[Table]:
    """The chunks of a step that touch [from, to), oldest first."""
    rows = await fetch_all(
        "SELECT content FROM telemetry_chunk WHERE node = :node AND step_seconds = :step"
        " AND start_us > :from_us AND start_us < :to_us ORDER BY start_us",
        node=node,
        step=step_seconds,
        from_us=from_us - HOUR_US,
        to_us=to_us,
    )
    return [unpack(row["content"], wanted) for row in rows]


async def hours_to_seal(before_us: int, limit: int = 1_000) -> list[tuple[str, int]]:
    """(node, hour) with hot rows of an hour that ended before `before_us`. It steps from node to node in the key: hundreds of
    thousands of rows are not read for it."""
    rows = await fetch_all(
        "WITH RECURSIVE step(node) AS (SELECT min(node) FROM telemetry_hot_row UNION ALL"
        " SELECT (SELECT min(node) FROM telemetry_hot_row WHERE node > step.node) FROM step WHERE step.node IS NOT NULL),"
        " oldest AS (SELECT node, (SELECT min(at_us) FROM telemetry_hot_row AS hot WHERE hot.node = step.node) AS first_us"
        " FROM step WHERE node IS NOT NULL)"
        " SELECT node, first_us FROM oldest WHERE first_us < :before ORDER BY node LIMIT :limit",
        before=hour_of(before_us),
        limit=limit,
    )
    return [(row["node"], hour_of(row["first_us"])) for row in rows]


async def read_for_sealing(names: MetricNames, node: str, hour_us: int) -> Table:
    """What an hour holds: its sealed rows, if any, and the hot ones that came since."""
    hot = await hot_table(names, node, hour_us, hour_us + HOUR_US)
    row = await fetch_one(
        "SELECT content FROM telemetry_chunk WHERE node = :node AND step_seconds = :step AND start_us = :start",
        node=node,
        step=RAW,
        start=hour_us,
    )
    return merged(unpack(row["content"]), hot) if row else hot


def packed_hour(table: Table) -> Mapping[int, tuple[int, int, bytes]]:
    """The chunks of an hour by step: rows, samples, content. Takes some tens of milliseconds: run it in a thread."""
    tables = {RAW: table} | {step: rolled_up(table, step) for step in ROLLUP_STEPS}
    return {step: (len(found), sample_count(found), pack(found)) for step, found in tables.items()}


def sample_count(table: Table) -> int:
    """Measured values in a table."""
    return sum(len(values) - values.count(None) for values in table.columns.values())


async def seal(node: str, hour_us: int, sealed: Table, packed: Mapping[int, tuple[int, int, bytes]]) -> None:
    """Put the chunks in the place of the rows they hold, in one transaction; rows that came meanwhile stay hot."""
    async with transaction():
        for step, (rows, samples, content) in packed.items():
            await execute(
                "INSERT INTO telemetry_chunk (node, step_seconds, start_us, rows, samples, content)"
                " VALUES (:node, :step, :start, :rows, :samples, :content)"
                " ON CONFLICT (node, step_seconds, start_us)"
                " DO UPDATE SET rows = excluded.rows, samples = excluded.samples, content = excluded.content",
                node=node,
                step=step,
                start=hour_us,
                rows=rows,
                samples=samples,
                content=content,
            )
        await execute_many(
            "DELETE FROM telemetry_hot_row WHERE node = :node AND at_us = :at",
            [{"node": node, "at": at_us} for at_us in sealed.at_us],
        )
