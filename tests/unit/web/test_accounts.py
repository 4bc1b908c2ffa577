"""Accounts from the command line, and what a process loads."""

import argparse
import io
import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest

from shared.database import open_database
from shared.database.migrate import migrate
from shared.web.accounts import add_user_commands
from shared.web.models import WEB_APP
from shared.web.settings import WebSettings
from tests.support.web_site import apart, cheap_settings

LIN = UUID(int=7)


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):  # type: ignore[no-untyped-def]
    """`run("user", ...)` gives exit code, stdout and stderr; `typed` is standard input."""
    settings = cheap_settings(tmp_path)
    url = f"sqlite:///{tmp_path}/site.db"
    apart(prepare(url))

    async def find_person(code: str) -> UUID | None:
        return LIN if code == "SH-002" else None

    def call(*words: str, typed: str = "") -> tuple[int, str, str]:
        parser = argparse.ArgumentParser()
        add_user_commands(
            parser.add_subparsers(required=True),
            settings=lambda: settings,
            open_database=lambda _settings: open_database(url, [WEB_APP]),
            find_person=find_person,
        )
        monkeypatch.setattr(sys, "stdin", io.StringIO(typed))
        args = parser.parse_args(words)
        code = args.run(args)
        captured = capsys.readouterr()
        return code, captured.out, captured.err

    return call


async def prepare(url: str) -> None:
    await migrate(url, [WEB_APP])


def test_accounts_are_made_listed_and_locked(run) -> None:  # type: ignore[no-untyped-def]
    code, out, _ = run(
        "user",
        "add",
        "Lin",
        "--name",
        "林娜",
        "--employee",
        "SH-002",
        "--password-stdin",
        typed="tea with lemon\n",
    )
    assert (code, out.split()[0]) == (0, "lin")
    assert run("user", "add", "till", "--no-password")[0] == 0
    assert run("user", "disable", "till")[0] == 0
    rows = json.loads(run("user", "list", "--json")[1])
    assert [(row["username"], row["name"], row["person_id"], row["disabled"]) for row in rows] == [
        ("lin", "林娜", str(LIN), False),
        ("till", "till", None, True),
    ]
    assert run("user", "enable", "till")[0] == 0
    assert "(disabled)" not in run("user", "list")[1]


@pytest.mark.parametrize(
    ("words", "typed", "message"),
    [
        (["add", "lin", "--password-stdin"], "short\n", "at least 8 characters"),
        (["add", "lin", "--employee", "XX-1", "--no-password"], "", 'no employee "XX-1"'),
        (["add", "li n", "--no-password"], "", "without blanks"),
        (["passwd", "nobody", "--password-stdin"], "tea with lemon\n", 'no account "nobody"'),
        (["disable", "nobody"], "", 'no account "nobody"'),
    ],
)
def test_refusals_name_the_reason_and_end_with_1(run, words: list[str], typed: str, message: str) -> None:  # type: ignore[no-untyped-def]
    from shared import i18n

    with i18n.use_locale("en"):
        code, out, err = run("user", *words, typed=typed)
    assert (code, out) == (1, "")
    assert message in err


def test_a_name_is_taken_once(run) -> None:  # type: ignore[no-untyped-def]
    assert run("user", "add", "lin", "--no-password")[0] == 0
    assert run("user", "add", "LIN", "--no-password")[0] == 1


def test_heavy_libraries_wait_until_they_are_needed() -> None:
    heavy = ["xlsxwriter", "openpyxl", "segno", "pypinyin", "phonenumbers", "numpy"]
    script = f"import sys, shared.web.app; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_settings_of_the_pages_are_documented() -> None:
    from shared.settings import describe

    rows = {row.field: row for row in describe(WebSettings)}
    assert rows["session_idle_hours"].default == "12"
    assert all(row.doc.endswith(".") for row in rows.values())
