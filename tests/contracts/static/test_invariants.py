"""Every invariant has its tests: the table of tests/README.md names tests that exist."""

import ast
import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[2]
ROW = re.compile(r"^\| (\d+) \| .+ \| (.+) \|$", re.M)
NAMED = re.compile(r"`([\w/]+\.py)::(test_\w+)`")
PROMISED = range(1, 22)


def table() -> dict[int, list[tuple[str, str]]]:
    """File and name of the tests by invariant."""
    text = (TESTS / "README.md").read_text()
    return {int(number): NAMED.findall(cell) for number, cell in ROW.findall(text)}


def names_in(path: Path) -> dict[str, bool]:
    """Names of the tests in a file; whether a test draws its cases."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {
        node.name: any("given" in ast.unparse(mark) for mark in node.decorator_list)
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions)
    }


def test_every_invariant_names_tests_that_exist() -> None:
    found = table()
    assert set(PROMISED) <= set(found)
    missing = [
        f"{number}: {file}::{name}"
        for number, named in found.items()
        for file, name in named or [("nowhere", "")]
        if not (TESTS / file).is_file() or name not in names_in(TESTS / file)
    ]
    assert missing == []


def test_every_fault_names_tests_that_exist() -> None:
    named = NAMED.findall((TESTS / "faults" / "README.md").read_text())
    assert len(named) > 40
    assert [one for one in named if not (TESTS / one[0]).is_file() or one[1] not in names_in(TESTS / one[0])] == []  # fmt: skip


def test_invariants_that_speak_of_every_case_draw_their_cases() -> None:
    drawn = {
        number
        for number, named in table().items()
        if any(names_in(TESTS / file).get(name) for file, name in named)
    }
    assert drawn >= set(PROMISED) - {7}
