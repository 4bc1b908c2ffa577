"""The random histories notice when a promise of the protocol is broken: each of six mutants dies.

Seeds that are known to kill come first; `python -m tests.faults.mutants` prints the table.
"""

import asyncio

import pytest

from tests.faults.mutants import MUTANTS, Mutant, hunt
from tests.support.databases import Templates

HISTORIES = 20


@pytest.mark.parametrize(
    "mutant",
    [
        pytest.param(one, id=one.name, marks=[pytest.mark.postgres] if one.engine == "postgres" else [])
        for one in MUTANTS
    ],
)
async def test_a_broken_promise_is_noticed(mutant: Mutant, templates: Templates) -> None:
    seed, found = await asyncio.to_thread(hunt, templates, mutant, HISTORIES)
    print(f"{mutant.name}: seed {seed}, {found[:200]}")
    assert found, f"{mutant.name} lives: nothing noticed it in {HISTORIES} histories from seed {mutant.seed}"
