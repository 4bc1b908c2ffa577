"""What is forgotten: by days first, then by bytes, the oldest first; whole chunks and whole days of lines only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from netops.center.telemetry.rollup import ROLLUP_STEPS
from netops.center.telemetry.samples import RAW
from netops.center.telemetry.schema import day_code, days, days_before, drop_day
from netops.center.telemetry.store import Telemetry
from shared.canonical import from_micros
from shared.database import execute, fetch_value


@dataclass(frozen=True, slots=True)
class Keep:
    """How long and how much is kept."""

    raw_days: int
    minute_days: int
    quarter_days: int
    log_days: int
    largest_bytes: int


@dataclass(frozen=True, slots=True)
class Forgotten:
    """What one round took away."""

    chunks: int
    log_days: tuple[str, ...]


async def forget_old(telemetry: Telemetry, keep: Keep, now: datetime) -> Forgotten:
    """1. what is older than its days  2. while the store is larger than it may be, the oldest day of lines or of samples,
    whichever is older; today is never taken. A chunk is at most an hour, so each statement is short."""
    with telemetry.writing():
        chunks = 0
        for step, kept_days in zip(
            (RAW, *ROLLUP_STEPS), (keep.raw_days, keep.minute_days, keep.quarter_days), strict=True
        ):
            chunks += await execute(
                "DELETE FROM telemetry_chunk WHERE step_seconds = :step AND start_us < :before",
                step=step,
                before=now - timedelta(days=kept_days),
            )
        dropped = [code for code in await days() if code < days_before(now, keep.log_days)]
        for code in dropped:
            await drop_day(code)
    more_chunks, more_days = await _forget_by_bytes(telemetry, keep.largest_bytes, now)
    if telemetry.writer.path is not None:
        with telemetry.writing():
            await execute("PRAGMA incremental_vacuum(2000)")
    return Forgotten(chunks + more_chunks, (*dropped, *more_days))


async def _forget_by_bytes(telemetry: Telemetry, largest_bytes: int, now: datetime) -> tuple[int, list[str]]:
    today, chunks, dropped = day_code(now), 0, []
    while await telemetry.size_bytes() > largest_bytes:
        with telemetry.writing():
            oldest = await fetch_value("SELECT min(start_us) AS oldest FROM telemetry_chunk")
            chunk_day = day_code(from_micros(oldest)) if oldest is not None else today
            line_day = (await days() or [today])[0]
            if min(chunk_day, line_day) >= today:
                break
            if line_day <= chunk_day:
                await drop_day(line_day)
                dropped.append(line_day)
            else:
                border = from_micros(oldest) + timedelta(hours=6)
                chunks += await execute("DELETE FROM telemetry_chunk WHERE start_us < :border", border=border)
    return chunks, dropped
