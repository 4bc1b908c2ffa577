"""Whole numbers in texts that come from outside: addresses, files, headers."""

LARGEST = 2**63 - 1
"""What a column of either engine holds."""


def whole_number(text: str, most: int = LARGEST) -> int | None:
    """The number that `text` writes in decimal digits of any script, blanks around it dropped; None when it is none or
    larger than `most`. Unlike `isdigit`, whatever this reads `int` can take: not a superscript, not thousands of digits."""
    clean = text.strip()
    if not clean.isdecimal() or len(clean) > len(str(LARGEST)):
        return None
    number = int(clean)
    return number if number <= most else None
