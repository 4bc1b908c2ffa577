"""`python -m hq`: exit codes, machine-readable answers, refusals in words."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from hq.__main__ import main
from hq.figures.queries import FIGURES
from tests.support.hq_site import Headquarters

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    site: Headquarters,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsysbinary: pytest.CaptureFixture[bytes],
) -> Run:
    """Run one command over the written company; (exit code, standard output, standard error)."""
    monkeypatch.setenv("TRUNKLINE_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("TRUNKLINE_ARGON2_MEMORY_KIB", "64")
    monkeypatch.setenv("TRUNKLINE_ARGON2_ROUNDS", "1")

    def command(*words: str) -> tuple[int, str, str]:
        capsysbinary.readouterr()
        code = main(list(words))
        found = capsysbinary.readouterr()
        return code, found.out.decode("utf-8-sig"), found.err.decode()

    return command


@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_prints_json(run: Run, name: str) -> None:
    code, out, _err = run(
        "figures", name, "--from", "2026-01-01", "--to", "2026-11-20", "--as-of", "2026-11-20", "--json"
    )
    assert code == 0
    found = json.loads(out)
    assert set(found) == {"figure", "parameters", "rows", "total", "watermarks", "complete"}
    assert found["figure"] == name


def test_a_unit_a_currency_and_a_file(run: Run) -> None:
    code, out, _err = run("figures", "receivables", "--unit", "branch:PAR", "--currency", "base", "--json")
    assert code == 0
    assert json.loads(out)["total"]["currency"] == "EUR"
    code, out, _err = run("figures", "sales", "--period", "2026", "--format", "csv")
    assert code == 0
    assert next(csv.reader(io.StringIO(out))) == ["Sales"]


@pytest.mark.parametrize(
    "words",
    [
        ("figures", "sales", "--unit", "branch:NOPE"),
        ("figures", "sales", "--from", "soon"),
        ("figures", "sales", "--currency", "base"),
        ("rates", "set", "USD", "minus one"),
        ("branches", "enrol", "no good code"),
        ("user", "passwd", "nobody", "--password-stdin"),
    ],
)
def test_refusals_are_a_sentence_and_exit_code_1(run: Run, words: tuple[str, ...]) -> None:
    code, out, err = run(*words)
    assert code == 1
    assert out == ""
    assert err.strip()
    assert "Traceback" not in err


def test_branches_are_listed_enrolled_and_revoked(run: Run) -> None:
    code, out, _err = run("branches", "list", "--json")
    assert code == 0
    assert {row["branch"]: row["state"] for row in json.loads(out)}.keys() == {
        "HQ",
        "SH",
        "PAR",
        "TYO",
        "HRB",
    }
    code, out, _err = run("branches", "enrol", "DLC", "--name", "大连", "--json")
    assert code == 0
    assert json.loads(out)["branch"] == "DLC"
    assert len(json.loads(out)["token"]) > 20
    assert run("branches", "revoke", "SH")[0] == 0


def test_rates_are_set_listed_and_imported(run: Run, tmp_path: Path) -> None:
    assert run("rates", "set", "usd", "7.3125", "--day", "2026-11-19")[0] == 0
    rows = json.loads(run("rates", "list", "--json")[1])
    assert {"currency": "USD", "to_currency": "CNY", "day": "2026-11-19", "rate": "7.3125"} in rows
    file = tmp_path / "rates.csv"
    file.write_text("day,currency,rate\n2026-11-18,EUR,8.1\n", encoding="utf-8")
    code, out, _err = run("rates", "import", str(file), "--json")
    assert code == 0
    assert json.loads(out) == {"read": 1, "created": 1, "changed": 0, "same": 0}


def test_users_are_added_with_role_and_branches(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("tea and toast\n"))
    words = (
        "user",
        "add",
        "ng",
        "--name",
        "Ng",
        "--role",
        "executive",
        "--branches",
        "PAR,TYO",
        "--password-stdin",
    )
    assert run(*words)[0] == 0
    assert "ng" in {row["username"] for row in json.loads(run("user", "list", "--json")[1])}
    assert run("user", "add", "x", "--role", "salesperson", "--no-password")[0] == 1
    code, out, _err = run("user", "token", "ng", "--scope", "figures.view")
    assert code == 0
    assert len(out.strip()) > 30
    assert run("user", "disable", "ng")[0] == 0
    assert run("user", "enable", "ng")[0] == 0


def test_a_database_without_tables_says_what_to_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:  # fmt: skip
    monkeypatch.setenv("TRUNKLINE_DATA_DIR", str(tmp_path / "new"))
    assert main(["figures", "sales"]) == 1
    assert "python -m hq migrate" in capsys.readouterr().err
    assert main(["migrate"]) == 0
    assert "up to date" in capsys.readouterr().out
    assert main(["migrate"]) == 0
    capsys.readouterr()
    assert main(["figures", "sales", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["rows"], found["watermarks"], found["complete"]) == ([], [], False)


def test_settings_are_documented(run: Run) -> None:
    code, out, _err = run("settings")
    assert code == 0
    for name in (
        "TRUNKLINE_REPORTING_CURRENCY",
        "TRUNKLINE_CURRENT_SECONDS",
        "TRUNKLINE_UNREACHABLE_SECONDS",
    ):
        assert name in out
