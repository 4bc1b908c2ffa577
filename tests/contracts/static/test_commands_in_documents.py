"""Every command line that a document names is one that the programs take."""

import argparse
import importlib
import re
from collections.abc import Iterator
from typing import Any, NoReturn

import pytest

from tests.support.reference import ROOT

PROGRAM = re.compile(r"python -m (hq|branch_node|netops)\b([^`\n]*)")
END = re.compile(r"\s(?:#|&&|\||;|/\s)|\)")
MISSING = "the following arguments are required"


class Understood(Exception):
    """The words were read; nothing is run."""


class Misunderstood(Exception):
    """What the program says of the words."""


def command_lines() -> Iterator[tuple[str, bool, str, list[str]]]:
    """Where it stands, whether it is to be typed as it is, program and words of each; what may be left out is given."""
    for page in sorted(ROOT.rglob("*.md")):
        place = page.relative_to(ROOT)
        if place.parts[0] in (".venv", "node_modules", "var"):
            continue
        for number, line in enumerate(page.read_text("utf-8").splitlines(), 1):
            for program, rest in PROGRAM.findall(line):
                words = END.split(rest, maxsplit=1)[0].replace("[", "").replace("]", "").split()
                yield f"{place}:{number}", line.lstrip().startswith("python"), program, words


@pytest.fixture
def only_read(monkeypatch: pytest.MonkeyPatch) -> None:
    read = argparse.ArgumentParser.parse_args

    def parse_args(parser: argparse.ArgumentParser, *given: Any) -> NoReturn:
        read(parser, *given)
        raise Understood

    def error(_parser: argparse.ArgumentParser, message: str) -> NoReturn:
        raise Misunderstood(message)

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_args)
    monkeypatch.setattr(argparse.ArgumentParser, "error", error)


def fault_of(program: str, words: list[str], *, is_whole: bool = True) -> str:
    """Why a program would not take the words; empty when it does. A sentence may name a command without what has to follow."""
    try:
        importlib.import_module(f"{program}.__main__").main(words)
    except Understood:
        return ""
    except Misunderstood as fault:
        return str(fault) if is_whole or MISSING not in str(fault) else ""
    raise AssertionError(f"{program} {' '.join(words)} was run without its arguments being read")


def test_every_command_line_of_the_documents_is_understood(only_read: None) -> None:
    named = list(command_lines())
    faults = [
        f"{place}: python -m {program} {' '.join(words)}: {fault}"
        for place, is_whole, program, words in named
        if (fault := fault_of(program, words, is_whole=is_whole))
    ]
    assert faults == []
    assert {program for _place, _is_whole, program, _words in named} == {"hq", "branch_node", "netops"}


def test_a_command_line_that_nobody_takes_is_told(only_read: None) -> None:
    assert "invalid choice" in fault_of("hq", ["verifi"])
    assert MISSING in fault_of("netops", ["center"])
    assert not fault_of("netops", ["center"], is_whole=False)
    assert not fault_of("netops", ["center", "web"])
