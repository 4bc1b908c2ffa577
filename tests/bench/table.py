"""Prints a table of a benchmark, columns aligned."""

from collections.abc import Sequence


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
