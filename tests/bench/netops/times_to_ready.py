"""From the signal to a new process that answers, under each supervisor."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from tests.bench.netops.supervisors import ALL, Bare, Supervised, milliseconds_to_ready
from tests.bench.table import print_table
from tests.support.agent import answers

_HANG_LIMIT_SECONDS = 40.0
_SLOW_KILLS = 20
_LIFE_SECONDS = 1.15


def kills(folder: Path, count: int) -> None:
    """kill -9 in rounds, each supervisor once per round, so that a busy moment of the machine hits all alike.

    Each service has lived more than a second before it is killed again: runit waits when one lived less.
    """
    kinds = _installed()
    times: dict[str, list[float]] = {kind.name: [] for kind in kinds}
    with ExitStack() as stack:
        running = [stack.enter_context(kind(folder / kind.__name__)) for kind in kinds]
        ready = dict.fromkeys(times, time.perf_counter())
        for number in range(count):
            for supervised in running:
                if supervised.is_slow and number >= _SLOW_KILLS:
                    continue
                time.sleep(max(0.0, ready[supervised.name] + _LIFE_SECONDS - time.perf_counter()))
                found = milliseconds_to_ready(supervised, _signal(signal.SIGKILL))
                ready[supervised.name] = time.perf_counter()
                times[supervised.name] += [] if found is None else [found]
    rows = [(f"{name} ({len(found)})", found) for name, found in times.items()]
    bare = times[Bare.name]
    print_table(
        f"kill -9 to ready, {count} kills, milliseconds (goal: p95 <= p95 of a bare start + 15)",
        ["supervisor", "p50", "p95", "max", "p95 over bare"],
        [[name, _ms(times, 50), _ms(times, 95), _ms(times, 100), _over(times, bare)] for name, times in rows],
    )


def hangs(folder: Path, count: int) -> None:
    """SIGSTOP. The first one after a good time, then repeated ones in a row."""
    rows = []
    for kind in _installed():
        if not kind.sees_hangs:
            if kind is not Bare:
                rows.append([kind.name, "-", "-", "-", "does not look for hangs"])
            continue
        for trouble, provoke in (("SIGSTOP", _signal(signal.SIGSTOP)), ("deadlock", _deadlock)):
            tries = 4 if kind.is_slow else count
            with kind(folder / f"{kind.__name__}-{trouble}") as supervised:
                times = _measure(supervised, provoke, tries, _HANG_LIMIT_SECONDS)
            came = f"{len(times)} of {tries} came back"
            rows.append([f"{kind.name}, {trouble}", _ms(times, 50), _ms(times, 95), _ms(times, 100), came])
    print_table(
        "hang to ready, repeated, milliseconds (goal: p95 <= 3500)",
        ["supervisor", "p50", "p95", "max", ""],
        rows,
    )


def _installed() -> list[type[Supervised]]:
    return [kind for kind in ALL if not kind.missing()]


def _signal(number: signal.Signals) -> Callable[[Supervised], object]:
    return lambda supervised: os.kill(supervised.pid(), number)


def _deadlock(supervised: Supervised) -> None:
    """The process lives, uses no CPU and never answers again."""
    answers(supervised.port, "/hang", timeout=0.05)


def _measure(
    supervised: Supervised, provoke: Callable[[Supervised], object], count: int, limit_seconds: float
) -> list[float]:
    times = []
    dice = random.Random(1)
    for _ in range(count):
        time.sleep(0.1 + dice.random() * 1.0)
        found = milliseconds_to_ready(supervised, provoke, limit_seconds)
        if found is None:
            break
        times.append(found)
    return times


def _percentile(times: list[float], percent: int) -> float:
    ordered = sorted(times)
    return ordered[min(len(ordered) - 1, max(0, -(-len(ordered) * percent // 100) - 1))]


def _ms(times: list[float], percent: int) -> str:
    return f"{_percentile(times, percent):,.1f}" if times else "never"


def _over(times: list[float], bare: list[float]) -> str:
    return f"{_percentile(times, 95) - _percentile(bare, 95):+,.1f}" if times else "-"
