"""Finds customers that are probably one among all of a file and all of the branch, in bounded memory.

Profiles and their block keys lie in the staging file; pairs that share a key are weighed by `likeness`. Synchronous: the
importer calls it from a thread.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from branch_node.customers.rules import email_key, folded, phone_keys, tax_key
from branch_node.imports.likeness import FEWEST, FIELDS, LARGEST_BLOCK, Profile, block_keys, is_same, weight
from branch_node.imports.staging import Staging

_COLUMNS = ", ".join(f"v{number}" for number in range(len(FIELDS)))
_PLACES = ", ".join("?" * (len(FIELDS) + 3))

PAIRS_SQL = f"""
SELECT one.line, one.label, other.line, other.label, {", ".join(f"one.v{n}" for n in range(len(FIELDS)))},
  {", ".join(f"other.v{n}" for n in range(len(FIELDS)))}
FROM (SELECT DISTINCT a.row_id AS one_id, b.row_id AS other_id FROM shared_block s JOIN block a ON a.key = s.key
  JOIN block b ON b.key = s.key AND b.row_id > a.row_id) pair
JOIN profile one ON one.row_id = pair.one_id JOIN profile other ON other.row_id = pair.other_id
WHERE one.line > 0 OR other.line > 0
"""


@dataclass(frozen=True)
class Pair:
    """Two that are probably one: the line of the later row of the file, and who the other is."""

    line: int
    other: str


def profile_of(values: Mapping[str, Any], country: str) -> Profile:
    """What is compared of a customer's fields."""
    phones = phone_keys(values.get("phone") or "", country)
    found = {
        "name": words(values.get("name")), "phone": phones[0] if phones else "",
        "email": email_key(values.get("email") or ""), "tax_number": tax_key(values.get("tax_number") or ""),
        "address": words(values.get("address")), "city": words(values.get("city")),
        "state": words(values.get("state")), "postcode": words(values.get("postcode")).replace(" ", ""),
    }  # fmt: skip
    return Profile(tuple(found[field] for field in FIELDS))


def words(text: Any) -> str:
    """Letters and digits, folded, single blanks between words."""
    plain = folded(str(text or ""))
    return " ".join("".join(char if char.isalnum() else " " for char in plain).split())


class Alike:
    """The customers of one import and its branch, ready to be compared."""

    def __init__(self, staging: Staging) -> None:
        self.db = staging.db
        self.db.executescript(
            f"CREATE TABLE profile (row_id TEXT PRIMARY KEY, line INTEGER, label TEXT, {_COLUMNS}) WITHOUT ROWID;"
            "CREATE TABLE block (key TEXT, row_id TEXT);"
        )

    def add(self, rows: Iterable[tuple[str, int, str, Profile]]) -> None:
        """Note (row id, line, label, profile); line 0 for one of the branch. The first of a row id stands."""
        self.db.execute("BEGIN")
        for row_id, line, label, profile in rows:
            sql = f"INSERT OR IGNORE INTO profile VALUES ({_PLACES})"
            if self.db.execute(sql, (row_id, line, label, *profile.values)).rowcount:
                self.db.executemany(
                    "INSERT INTO block VALUES (?, ?)", ((key, row_id) for key in block_keys(profile))
                )
        self.db.execute("COMMIT")

    def pairs(self) -> Iterator[Pair]:
        """Pairs of which at least one is a row of the file."""
        self.db.executescript(
            "CREATE INDEX block_key ON block (key, row_id);"
            "CREATE TABLE shared_block AS SELECT key FROM block GROUP BY key "
            f"HAVING count(*) BETWEEN 2 AND {LARGEST_BLOCK};"
        )
        count = int(self.db.execute("SELECT count(*) FROM profile").fetchone()[0])
        chance = self._chance(count)
        width = len(FIELDS)
        for line, label, other_line, other_label, *values in self.db.execute(PAIRS_SQL):
            one, other = Profile(tuple(values[:width])), Profile(tuple(values[width:]))
            if is_same(weight(one, other, chance, count)):
                yield Pair(line, other_label) if line > other_line else Pair(other_line, label)

    def _chance(self, count: int) -> dict[str, dict[str, float]]:
        """By field: the share of customers that have a value, of values that several have."""
        return {
            field: {
                value: number / max(count, FEWEST)
                for value, number in self.db.execute(
                    f"SELECT v{place}, count(*) FROM profile WHERE v{place} <> '' GROUP BY 1 HAVING count(*) > 1"
                )
            }
            for place, field in enumerate(FIELDS)
        }
