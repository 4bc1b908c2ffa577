"""A short soak: a few seeded random histories with every kind of fault of the line, restores, backups and pruning."""

import random
from collections import Counter

from tests.faults.soak import run
from tests.support.databases import Templates

RUNS = 4


async def test_the_property_holds_after_random_histories(templates: Templates) -> None:
    first = random.randrange(10**6)
    print(f"seeds from {first}")
    for seed in range(first, first + RUNS):
        assert await run(templates, seed, Counter()) == [], (
            f"python -m tests.faults.soak --runs 1 --engine sqlite --seed {seed}"
        )
