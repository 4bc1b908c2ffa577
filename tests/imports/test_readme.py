"""The documentation shows mappings that work, and names every way to find a field."""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

from branch_node.imports import vocabulary
from branch_node.imports.mapping import check
from branch_node.imports.views import EXAMPLE, FIELD_KINDS, RECORD_WORDS

README = Path(vocabulary.__file__).with_name("README.md")


def test_the_example_of_the_readme_is_a_good_mapping() -> None:
    found = re.search(r"```toml\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert found is not None
    mapping = check(tomllib.loads(found[1], parse_float=Decimal))
    assert [record.record for record in mapping.records] == ["customer", "order"]


def test_the_example_of_the_page_is_a_good_mapping() -> None:
    assert check(tomllib.loads(EXAMPLE, parse_float=Decimal)).name == "old-crm"


def test_every_record_and_kind_of_field_has_its_word() -> None:
    assert set(RECORD_WORDS) == set(vocabulary.RECORDS)
    kinds = {field.kind for record in vocabulary.RECORDS.values() for field in record.fields.values()}
    kinds |= {
        field.kind for record in vocabulary.RECORDS.values() for field in (record.line_fields or {}).values()
    }
    assert kinds == set(FIELD_KINDS)


def test_the_readme_names_every_file_of_the_room() -> None:
    text = README.read_text(encoding="utf-8")
    files = {path.name for path in README.parent.glob("*.py")} - {
        "__init__.py", "forms.py", "pages.py", "queries.py", "routes.py", "problems.py", "account.py", "tables.py",
        "order_effects.py",
    }  # fmt: skip
    assert {name for name in files if name not in text} == set()
