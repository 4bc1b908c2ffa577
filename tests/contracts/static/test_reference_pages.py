"""Settings and metrics are documented, and the pages say what the code says."""

import pytest

from shared.settings import describe
from tests.support.reference import PAGES, ROOT, settings_classes


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_what_the_code_says(name):
    page = ROOT / name
    assert page.exists(), f"{name} is missing: run python -m tests.support.reference"
    assert page.read_text("utf-8") == PAGES[name](), (
        f"{name} is out of date: run python -m tests.support.reference"
    )


@pytest.mark.parametrize("cls", settings_classes(), ids=lambda cls: cls.__name__)
def test_every_setting_says_what_it_is_for(cls):
    for row in describe(cls):
        assert row.doc.strip().endswith("."), row.variable
        assert row.variable.startswith("TRUNKLINE_"), row.variable


def test_one_variable_means_one_thing_at_every_site():
    meanings: dict[str, set[str]] = {}
    for cls in settings_classes():
        for row in describe(cls):
            meanings.setdefault(row.variable, set()).add(row.kind)
    assert {name: kinds for name, kinds in meanings.items() if len(kinds) > 1} == {}
