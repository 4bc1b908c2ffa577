"""1,000 records of people with 500 known doubles, written by others: how many an import finds."""

import csv
import re
from pathlib import Path

from tests.imports.company import DATA

FEBRL = DATA.parent / "febrl"
MAPPING = """
name = "febrl"
[formats]
currency = "AUD"
[files]
people = { path = "febrl1.csv" }
[[records]]
record = "customer"
file = "people"
key = ["rec_id"]
match = ["code"]
alike = true
[records.fields]
code = "rec_id"
name = { concat = ["given_name", "surname"], default = "?" }
address = { concat = ["street_number", "address_1", "address_2"] }
city = "suburb"
state = "state"
postcode = "postcode"
tax_number = "soc_sec_id"
"""


def measured(result: Path) -> tuple[float, float, int]:
    """(recall, precision, number of pairs) of the warnings in a result file."""
    found = pairs_of(result)
    with (FEBRL / "febrl1_true_links.csv").open(encoding="utf-8", newline="") as file:
        true = {frozenset(row.values()) for row in csv.DictReader(file)}
    return len(found & true) / len(true), len(found & true) / len(found), len(found)


def pairs_of(result: Path) -> set[frozenset[str]]:
    """The pairs of record ids that the result file reports."""
    with result.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    found = set()
    for row in rows:
        other = re.search(r"\((rec-[\w-]+)\)\.$", row["reason"])
        own = re.search(r"rec_id=([\w-]+)", row["row"])
        assert other is not None and own is not None
        found.add(frozenset((own[1], other[1])))
    return found
