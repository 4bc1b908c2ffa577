"""The index of fragments finds the customers that a walk over all search keys finds, whatever became of them since."""

import random

from branch_node.customers import fragments, queries
from branch_node.searching import search_key, words
from shared.database import Database, execute, fetch_all
from shared.records import Customer
from tests.support.cast import LIN, TODAY, acting

NAMES = (
    "上海远洋贸易有限公司", "远洋", "重庆钢铁", "Müller & Söhne", 'The "Quoted" Co', "O'Brien 100%", "a_b!c", "ABC Trading", "abcd",
    "Ｗｉｄｅ Letters", "Straße", "Ünïcode 🚂 rail",
)  # fmt: skip
TYPED = (
    "远洋", "远洋贸", "上海远洋", "yuanyang", "yy", "müller", "ulle", '"quo', "100%", "a_b!c", "abc trad", "wide let", "strass", "🚂 r", "🚂", "b c",
    "zzz", "c'", 'x" OR "y', "abc NOT abcd", "söhne & m",
)  # fmt: skip


async def by_walking(typed: str) -> set[str]:
    rows = await fetch_all("SELECT name, search_key FROM customer WHERE deleted_at IS NULL")
    return {row["name"] for row in rows if all(word in row["search_key"] for word in words(typed))}


async def by_index(typed: str) -> set[str]:
    params: dict[str, object] = {"branch": "SH"}
    condition = queries.found_by(typed, params)
    return {
        row["name"] for row in await fetch_all(f"SELECT c.name FROM customer c WHERE {condition}", **params)
    }


async def write(*names: str) -> list[Customer]:
    common = {"branch": "SH", "currency": "CNY", "acquired_on": TODAY}
    return [
        await Customer.create(code=f"C{place}", name=name, search_key=search_key(name), **common)
        for place, name in enumerate(names)
    ]


async def agree() -> None:
    for typed in TYPED:
        assert await by_index(typed) == await by_walking(typed), typed


async def test_what_is_typed_finds_what_a_walk_over_the_keys_finds(database: Database) -> None:
    with acting(LIN):
        rows = await write(*NAMES)
        await agree()
        assert await by_index("远洋贸") == {NAMES[0]} and await by_index("a_b!c") == {"a_b!c"}
        rows[0].name, rows[0].search_key = "北京远洋", search_key("北京远洋")
        await rows[0].save()
        await rows[7].delete()
        await agree()
        assert await by_index("上海远洋") == set() and await by_index("北京远") == {"北京远洋"}
        await fragments.index_fragments()
        await agree()


async def test_random_keys_are_found_by_every_piece_of_them(database: Database) -> None:
    dice = random.Random(11)
    letters = "ab上海é !%_\"'"
    with acting(LIN):
        await write(*("".join(dice.choices(letters, k=dice.randrange(1, 14))) for _ in range(60)))
        for _ in range(150):
            typed = "".join(dice.choices(letters, k=dice.randrange(1, 7)))
            if words(typed):
                assert await by_index(typed) == await by_walking(typed), typed


async def test_rows_numbered_anew_are_found_after_migrate(sqlite_database: Database) -> None:
    """Rows of PostgreSQL have no numbers that the index keeps."""
    with acting(LIN):
        rows = await write(*NAMES)
        await rows[0].delete()
        await execute("UPDATE customer SET rowid = rowid + 1000")
        await fragments.index_fragments()
        await agree()
        assert await by_index("abcd") == {"abcd"}


def test_a_word_is_asked_for_by_all_its_trigrams_quoted():
    assert fragments.trigrams(["abcd", "xy"]) == '"abc" AND "bcd"'
    assert fragments.trigrams(['a"bc']) == '"a""b" AND """bc"'
    assert fragments.trigrams(["上海"]) == ""
