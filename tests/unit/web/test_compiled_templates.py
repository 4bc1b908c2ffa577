"""Templates are compiled once for a site's folder, anew when their text changes, and each time where nothing can be written."""

from pathlib import Path

import pytest
from jinja2 import Environment

from shared.web import templating
from shared.web.static_files import StaticFiles


def environment(folder: Path, compiled: Path | None) -> Environment:
    return templating.make_environment([folder], StaticFiles([]), compiled)


def test_a_template_is_compiled_once_for_all_starts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    page, compiled = tmp_path / "hello.html", tmp_path / "data" / "templates"
    page.write_text("Hello {{ name }}")
    assert environment(tmp_path, compiled).get_template("hello.html").render(name="Lin") == "Hello Lin"
    kept = list(compiled.iterdir())
    assert len(kept) == 1

    def refuse(*_words: object, **_more: object) -> str:
        raise AssertionError("compiled again")

    with monkeypatch.context() as patched:
        patched.setattr(Environment, "compile", refuse)
        assert environment(tmp_path, compiled).get_template("hello.html").render(name="Sun") == "Hello Sun"
    page.write_text("Good day {{ name }}")
    assert environment(tmp_path, compiled).get_template("hello.html").render(name="Lin") == "Good day Lin"


def test_a_folder_that_cannot_be_written_or_read_costs_time_and_nothing_else(tmp_path: Path):
    (tmp_path / "hello.html").write_text("Hello {{ name }}")
    (tmp_path / "taken").write_text("a file where the folder should be")
    found = environment(tmp_path, tmp_path / "taken").get_template("hello.html")
    assert found.render(name="Lin") == "Hello Lin"


def test_a_damaged_compiled_template_is_made_anew(tmp_path: Path):
    (tmp_path / "hello.html").write_text("Hello {{ name }}")
    environment(tmp_path, tmp_path / "kept").get_template("hello.html")
    for file in (tmp_path / "kept").iterdir():
        file.write_bytes(b"no bytecode")
    assert (
        environment(tmp_path, tmp_path / "kept").get_template("hello.html").render(name="Lin") == "Hello Lin"
    )
