"""The last sixty minutes of a node as a letter each: the worst that was reported in the minute. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

MINUTES = 60
LETTERS: Mapping[str, str] = {
    "ok": "o",
    "maintenance": "=",
    "busy": "^",
    "overloaded": "!",
    "failed": "f",
    "silent": "x",
    "unknown": ".",
}
WORDS = {letter: word for word, letter in LETTERS.items()}
_WORSE = "o=^!f"


@dataclass(slots=True)
class Strip:
    """`letters` end with the minute `last` (minutes since 1970); minutes without any report are silent."""

    last: int = 0
    letters: str = ""

    @classmethod
    def from_text(cls, text: str) -> Strip:
        last, _, letters = text.partition(" ")
        return cls(int(last), letters) if last.isdecimal() else cls()

    def to_text(self) -> str:
        return f"{self.last} {self.letters}"

    def mark(self, at: datetime, word: str) -> None:
        """Note what a report said; a minute keeps its worst."""
        minute, letter = int(at.timestamp()) // 60, LETTERS[word]
        if not self.letters or minute - self.last > MINUTES:
            self.last, self.letters = minute, letter if not self.letters else "x" * (MINUTES - 1) + letter
        elif minute > self.last:
            self.letters = (self.letters + "x" * (minute - self.last - 1) + letter)[-MINUTES:]
            self.last = minute
        elif minute == self.last and _WORSE.find(letter) > _WORSE.find(self.letters[-1]):
            self.letters = self.letters[:-1] + letter

    def until(self, now: datetime) -> list[str]:
        """Sixty words, the last one the present minute: unknown before the first report, silent where none came. The
        present minute repeats the one before until something was reported in it."""
        minute = int(now.timestamp()) // 60
        missing = max(0, minute - self.last)
        if not self.letters:
            return ["unknown"] * MINUTES
        tail = (
            "x" * min(missing - 1, MINUTES) + (self.letters[-1] if missing == 1 else "x") if missing else ""
        )
        letters = (self.letters + tail)[-MINUTES:].rjust(MINUTES, ".")
        return [WORDS[letter] for letter in letters]
