"""The command line: one account, honest exit codes, words for what went wrong."""

import json
import re
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from branch_node.__main__ import main
from branch_node.imports.command import outage
from shared import clock
from shared.canonical import to_micros
from shared.ids import new_id
from tests.imports.company import MAPPING, require_data
from tests.imports.folders import CUSTOMERS, HEADER, write
from tests.support.databases import Templates

ROWS = HEADER + "1,A,,,x\n2,B,,,y\n"


@pytest.fixture
def folder(tmp_path: Path, templates: Templates, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A branch's data folder with a migrated database, in the environment of the command; beside it `in`."""
    data = tmp_path / "data"
    data.mkdir()
    shutil.copyfile(templates.sqlite("branch"), data / "branch.db")
    monkeypatch.setenv("TRUNKLINE_DATA_DIR", str(data))
    monkeypatch.setenv("TRUNKLINE_BRANCH_CODE", "SH")
    monkeypatch.delenv("TRUNKLINE_DATABASE_URL", raising=False)
    (tmp_path / "m.toml").write_text(CUSTOMERS)
    return write(tmp_path / "in", customers_csv=ROWS)


def run(folder: Path, *words: str) -> int:
    return main(["import", str(folder), "--mapping", str(folder.parent / "m.toml"), *words])


def test_the_account_is_printed_and_the_same_run_creates_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(folder) == 0
    text = capsys.readouterr().out
    assert re.search(r"customers\.csv +2 +2 +0 +0 +0", text)
    assert "Undo: import undo " in text
    assert run(folder, "--json") == 0
    account = json.loads(capsys.readouterr().out)
    assert account["total"] == {"read": 2, "created": 0, "updated": 0, "skipped": 2, "failed": 0}
    assert account["files"][0]["because"] == {"unchanged": 2}


def test_a_dry_run_writes_nothing(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(folder, "--dry-run", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"]["created"] == 2
    assert run(folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"]["created"] == 2


def test_undo_takes_a_run_back(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(folder, "--json")
    run_id = json.loads(capsys.readouterr().out)["run"]
    assert main(["import", "undo", run_id]) == 0
    assert capsys.readouterr().out == "2 rows taken back. 0 rows restored.\n"
    assert main(["import", "undo", run_id]) == 2
    assert capsys.readouterr().err == "This import was undone already.\n"
    assert main(["import", "undo", "x"]) == 2


def test_failed_rows_give_exit_code_1_and_a_result_file(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, customers_csv=ROWS + "3,,,,\n")
    assert run(folder, "--result", str(folder.parent / "r.csv")) == 1
    out = capsys.readouterr().out
    assert "failed: customers.csv:4 name: This is empty, and the record cannot be without it." in out
    assert (folder.parent / "r.csv").read_text(encoding="utf-8-sig").count("\n") == 2


def test_a_missing_column_names_file_column_and_what_to_do(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(folder, customers_csv="No,Name,Phone,Mail,Town\n1,A,,,\n")
    assert run(folder) == 2
    assert capsys.readouterr().err == (
        "Nothing was imported. Faults in the files: 1.\n"
        "  records[1].fields.city: customers.csv has no column City. Correct the name here, or add the column. "
        "It has: No, Name, Phone, Mail, Town.\n"
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "customers.csv: The file is empty (0 bytes). Export it again."),
        (b'No,Name,Phone,Mail,City\n1,"A,,,\n', "customers.csv:2: A quotation mark opens on this line"),
        ("No,Name,Phone,Mail,City\n1,上海,,,\n".encode("gbk"), "customers.csv:2: This line is not utf-8."),
    ],
)
def test_files_that_cannot_be_read(
    folder: Path, capsys: pytest.CaptureFixture[str], content: bytes, words: str
) -> None:
    write(folder, customers_csv=content)
    assert run(folder, "--json") == 2
    printed = capsys.readouterr()
    assert any(fault.startswith(words) for fault in json.loads(printed.out)["faults"])
    assert words in printed.err


def test_a_bad_mapping_lists_all_its_faults(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder.parent / "m.toml").write_text(
        CUSTOMERS.replace("Name", "Nam").replace('city = "City"', 'town = "City"\ncity = 5')
    )
    assert run(folder) == 2
    assert "records[1].fields.city: Write a table here." in capsys.readouterr().err
    (folder.parent / "m.toml").write_text("name = ")
    assert run(folder) == 2
    assert "m.toml is not TOML" in capsys.readouterr().err


def test_requests_that_lack_something(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert main(["import", str(folder)]) == 2
    assert "--mapping FILE is missing" in capsys.readouterr().err
    assert main(["import", str(folder / "none"), "--mapping", str(folder.parent / "m.toml")]) == 2
    assert "There is no such folder." in capsys.readouterr().err
    monkeypatch.setenv("TRUNKLINE_DATA_DIR", str(tmp_path / "new"))
    assert run(folder) == 2
    assert "Run `python -m branch_node migrate` first." in capsys.readouterr().err
    monkeypatch.delenv("TRUNKLINE_BRANCH_CODE")
    assert run(folder) == 2
    assert "TRUNKLINE_BRANCH_CODE must be set" in capsys.readouterr().err


def test_a_full_disk_is_said_as_such() -> None:
    assert outage(OSError(28, "No space left on device")).startswith("The disk is full")


def test_the_sample_company_by_the_command(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUNKLINE_BASE_CURRENCY", "USD")
    monkeypatch.setenv("TRUNKLINE_BRANCH_CODE", "LON")
    assert main(["import", str(require_data()), "--mapping", str(MAPPING), "--json"]) == 0
    account = json.loads(capsys.readouterr().out)
    assert account["total"]["read"] == 3_864
    assert {one["record"]: one["created"] for one in account["records"]}["order"] == 47


def test_one_import_at_a_time_and_a_command_that_was_killed_does_not_block_for_ever(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    database = folder.parent / "data" / "branch.db"

    def pretend_running(beat_at: int) -> None:
        with closing(sqlite3.connect(database)) as link, link:
            link.execute("DELETE FROM import_job")
            link.execute(
                "INSERT INTO import_job (id, kind, folder, title, state, started_by_name, created_at, beat_at, step, done, "
                "total, account, faults, notes, cancel_wanted) VALUES (?, 'import', '', 'x', 'running', '', 0, ?, '', 0, 0, "
                "'{}', '[]', '[]', 0)",
                (str(new_id()), beat_at),
            )

    pretend_running(to_micros(clock.now()))
    assert run(folder) == 2
    assert capsys.readouterr().err == "Another import is at work. Wait until it has ended, or stop it.\n"
    assert run(folder, "--dry-run") == 0
    pretend_running(to_micros(clock.now()) - 120_000_000)
    assert run(folder) == 0


def test_the_import_of_a_command_is_in_the_list_of_the_page(folder: Path) -> None:
    run(folder)
    (folder / "customers.csv").unlink()
    assert run(folder) == 2
    with closing(sqlite3.connect(folder.parent / "data" / "branch.db")) as link:
        rows = link.execute("SELECT kind, title, state FROM import_job ORDER BY created_at").fetchall()
    assert rows == [("import", "crm", "done"), ("import", "crm", "failed")]


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["import", "schema"]) == 0
    assert json.loads(capsys.readouterr().out)["title"] == "Trunkline import mapping"
