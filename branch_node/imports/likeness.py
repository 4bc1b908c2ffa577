"""How probable it is that two customers are one: all that is known of them weighed together. Pure.

The weights are Fellegi and Sunter's: what agrees counts by how rarely it would agree by chance in this very data (a rare
name says more than a common one), what differs counts against, what is missing not at all. Nothing is tuned to a file.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log2

from rapidfuzz.distance import OSA, JaroWinkler

FIELDS = ("name", "phone", "email", "tax_number", "address", "city", "state", "postcode")
CODES = frozenset({"phone", "email", "tax_number", "postcode"})
AGREES = 0.9
"""How often a field agrees where two entries mean the same customer: people mistype one in ten."""
SIMILAR = 0.85
"""From this similarity on, two different texts count as a mistyped one, the less the less alike."""
SLIP = 0.9
"""How alike two numbers are that differ by one slip of the finger."""
CERTAIN = 0.9
"""Probability from which two are reported."""
FEWEST = 1_000
"""A small branch says little about how common a name is: at least so many are assumed to be looked at."""
LARGEST_BLOCK = 30
"""A key that more customers share tells nothing and is not looked at."""


@dataclass(frozen=True)
class Profile:
    """What is compared of a customer, folded (width, case, script); empty texts are not known."""

    values: tuple[str, ...]

    def __getitem__(self, field: str) -> str:
        return self.values[FIELDS.index(field)]


def block_keys(profile: Profile) -> Iterator[str]:
    """Keys of which two that are the same customer share at least one, even when most fields were mistyped."""
    for field, value in zip(FIELDS, profile.values, strict=True):
        if value:
            yield f"{field}={value}"
    postcode, city = profile["postcode"], profile["city"][:4]
    for word in {*profile["name"].split(), *profile["address"].split()}:
        if len(word) > 2 and postcode:
            yield f"{word}@{postcode}"
        if len(word) > 2 and city:
            yield f"{word}#{city}"


def similarity(field: str, one: str, other: str) -> float:
    """0 to 1. Words in another order are the same words; numbers in them are the same or not.

    Of numbers and addresses of mail neighbours look alike and are somebody else's: one slip of the finger is allowed.
    """
    if one == other:
        return 1.0
    if field in CODES:
        return SLIP if len(one) > 3 and OSA.distance(one, other, score_cutoff=1) == 1 else 0.0
    mine, theirs = one.split(), other.split()
    if _numbers(mine) != _numbers(theirs):
        return 0.0
    straight: float = JaroWinkler.similarity(one, other)
    ordered: float = JaroWinkler.similarity(" ".join(sorted(mine)), " ".join(sorted(theirs)))
    return max(straight, ordered)


def _numbers(words: Sequence[str]) -> list[str]:
    return sorted(word for word in words if any(char.isdecimal() for char in word))


def weight(one: Profile, other: Profile, chance: Mapping[str, Mapping[str, float]], count: int) -> float:
    """Binary logarithm of the odds that two of `count` customers are the same.

    `chance` is, by field, the share of customers that have a value, of values that several have. Before anything is
    compared each customer is expected to be there twice among all of them: odds of 1 to `count`.
    """
    found = -log2(max(count, 2))
    least = 1.0 / max(count, FEWEST)
    for field, mine, theirs in zip(FIELDS, one.values, other.values, strict=True):
        if not mine or not theirs:
            continue
        shares = chance[field]
        by_chance = max(shares.get(mine, 0.0), shares.get(theirs, 0.0), least)
        alike = similarity(field, mine, theirs)
        if alike == 1.0:
            found += log2(AGREES / min(by_chance, AGREES))
        elif alike >= SIMILAR:
            likely = min(0.5, max(by_chance * 5, 0.02))
            found += log2(AGREES / likely) * (alike - SIMILAR) / (1 - SIMILAR)
        else:
            found += log2((1 - AGREES) / (1 - min(by_chance, 0.5)))
    return found


def is_same(found: float) -> bool:
    """Whether odds are high enough to report."""
    return found >= log2(CERTAIN / (1 - CERTAIN))
