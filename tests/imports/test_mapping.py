"""A bad mapping is refused with all its faults at once, each with its place in the file."""

from pathlib import Path

import pytest

from branch_node.imports.mapping import SCHEMA_FILE, json_schema, load
from branch_node.imports.problems import BadMapping
from tests.imports.company import MAPPING
from tests.imports.folders import CUSTOMERS, loaded

pytestmark = pytest.mark.usefixtures("english")


def faults_of(toml: str) -> dict[str, str]:
    with pytest.raises(BadMapping) as refused:
        loaded(toml)
    return {fault.place: str(fault).removeprefix(f"{fault.place}: ") for fault in refused.value.faults}


def test_the_schema_file_is_what_the_classes_say() -> None:
    assert SCHEMA_FILE.read_text(encoding="utf-8") == json_schema()


def test_the_mapping_of_the_sample_company_is_in_order() -> None:
    assert [record.record for record in load(MAPPING).mapping.records][:2] == ["branch", "employee"]


def test_all_faults_of_shape_come_at_once_with_their_places() -> None:
    found = faults_of(
        """
name = "x y"
colour = "red"
[files.customers]
path = 5
[files.orders]
pathh = "orders.csv"
[[records]]
record = "customer"
file = "customers"
on_match = "overwrite"
[records.fields]
name = { column = "Name", constant = "x" }
city = { otherwise = "x", column = "City" }
[[records]]
file = "customers"
[records.instalments]
days = 3
due_on = "Due"
"""
    )
    assert set(found) == {
        "name", "colour", "files.customers.path", "files.orders.path", "files.orders.pathh", "records[1].on_match",
        "records[1].fields.name", "records[1].fields.city", "records[2].record", "records[2].fields",
        "records[2].instalments",
    }  # fmt: skip
    assert found["records[1].fields.name"].startswith("Give exactly one source: column, constant, concat")
    assert found["files.orders.pathh"].startswith("This key is not known here. Known: path, ")
    assert "'skip', 'fill'" in found["records[1].on_match"]


def test_all_faults_of_meaning_come_at_once_with_their_places() -> None:
    found = faults_of(
        """
name = "x"
[formats]
dates = ["DD/MM"]
encoding = ["utf-9"]
currency = "XXX"
[branch]
unassigned = "HAM"
codes = { SH = "1", GZ = "1" }
[files.customers]
path = "customers.csv"
[[records]]
record = "customr"
file = "customers"
fields = {}
[[records]]
record = "customer"
file = "clients"
match = ["colour"]
[records.joins]
rep = { file = "people", on = { id = "boss.id" } }
boss = { file = "customers", on = { id = "x" } }
[records.fields]
nam = "Name"
[[records]]
record = "order"
file = "customers"
fields = { number = "a", customer = "b", happened_on = "c", total = { sum_of_lines = "amount" } }
"""
    )
    assert set(found) == {
        "formats.dates[1]", "formats.encoding", "formats.currency", "branch.unassigned", "branch.codes.SH",
        "branch.codes.GZ", "records[1].record", "records[2].file", "records[2].match[1]", "records[2].joins.rep.file",
        "records[2].joins.rep.on", "records[2].fields.nam", "records[2].fields.name",
        "records[3].fields.total.sum_of_lines",
    }  # fmt: skip
    assert (
        found["records[1].record"]
        == "There is no record customr. Known: customer, "
        + ", ".join(
            [
                "branch",
                "department",
                "employee",
                "product",
                "contact",
                "address",
                "activity",
                "order",
                "receipt",
                "expense",
            ]
        )
        + "."
    )
    assert found["records[2].fields.nam"].startswith("customer has no field nam. Known: name, code, ")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"name = ", "is not TOML: Invalid value"),
        ("name = 'café'".encode("latin-1"), "is not UTF-8. Save it as UTF-8."),
        (b"name = " + b"[" * 5_000, "is not TOML: maximum recursion depth"),
        (b"version = " + b"9" * 5_000, "is not TOML: Exceeds the limit"),
        (b"\xef\xbb\xbfname = 'x'", "files: This is missing. Add it."),
    ],
)
def test_a_file_that_is_no_mapping_says_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    path = tmp_path / "m.toml"
    path.write_bytes(content)
    with pytest.raises(BadMapping) as refused:
        load(path)
    assert words in "\n".join(str(fault) for fault in refused.value.faults)


def test_a_missing_mapping_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(BadMapping) as refused:
        load(tmp_path / "none.toml")
    assert [str(fault) for fault in refused.value.faults] == [
        "none.toml cannot be read: No such file or directory."
    ]


def test_a_plain_text_names_a_column() -> None:
    fields = loaded(CUSTOMERS).mapping.records[0].fields
    assert fields["name"].column == "Name"
