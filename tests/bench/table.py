"""Prints a table of a benchmark, columns aligned, and under it how fast the machine was at that moment."""

import json
import time
from collections.abc import Sequence
from hashlib import blake2b

ROW = {f"column_{number}": number if number % 3 else f"text of {number}" for number in range(30)}
ROUNDS, TRIES = 2_000, 5


def pace() -> float:
    """Thousands of rows of 30 columns that one processor takes in a second of its own time through JSON, there and back, and a hash: the best of
    five short tries. What was measured on two days is compared after dividing by it."""
    best = 0.0
    for _ in range(TRIES):
        begun = time.thread_time()
        for _ in range(ROUNDS):
            text = json.dumps(ROW).encode()
            blake2b(text, digest_size=16).digest()
            json.loads(text)
        best = max(best, ROUNDS / (time.thread_time() - begun) / 1e3)
    return best


def print_table(title: str, heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """The first column to the left, the others to the right."""
    widths = [max(len(str(line[at])) for line in (heads, *rows)) for at in range(len(heads))]
    print(f"\n{title}")
    for line in (heads, ["-" * width for width in widths], *rows):
        cells = [
            str(cell).ljust(width) if at == 0 else str(cell).rjust(width)
            for at, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells))
    print(f"pace of the machine: {pace():.1f} (tests/bench/table.py)")
