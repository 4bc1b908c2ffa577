"""Customers that are probably one are found by all that is known of them; measured on records that nobody here wrote."""

from pathlib import Path

import pytest

from branch_node.home import Home, at_home
from branch_node.imports.likeness import FIELDS, Profile, block_keys, is_same, similarity, weight
from tests.imports.febrl import FEBRL, MAPPING, measured
from tests.imports.folders import bring_in, counts, reasons, write
from tests.support.cast import LIN, customer_of, hire
from tests.support.services import missing

pytestmark = pytest.mark.usefixtures("english")


def profile(**values: str) -> Profile:
    return Profile(tuple(values.get(field, "") for field in FIELDS))


CHANCE = {field: {} for field in FIELDS} | {"city": {"shanghai": 0.5}, "state": {"sh": 0.9}}


def test_rare_agreement_says_more_than_common_agreement() -> None:
    one = profile(name="acme tools", city="shanghai")
    common = weight(one, profile(name="other works", city="shanghai"), CHANCE, 1_000)
    rare = weight(one, profile(name="acme tools", city="beijing"), CHANCE, 1_000)
    assert common < rare
    assert not is_same(rare), "a name alone does not make two firms one"
    assert is_same(weight(one, profile(name="acme tools", city="shanghai", phone="+861"), CHANCE, 50))


def test_one_rare_thing_alike_is_not_enough_when_the_rest_differs() -> None:
    one = profile(name="acme tools", phone="+861", address="1 main street", city="shanghai", postcode="1")
    other = profile(name="beta works", phone="+861", address="9 lake road", city="beijing", postcode="2")
    assert not is_same(weight(one, other, CHANCE, 100_000))


def test_a_mistyped_name_at_the_same_address_is_the_same() -> None:
    one = profile(name="jonathan waller", address="6 tullaroop street", postcode="4011", tax_number="6988048")
    other = profile(name="jonathon waler", address="6 tullaroop street", postcode="4011")
    assert is_same(weight(one, other, CHANCE, 1_000))
    assert set(block_keys(one)) & set(block_keys(other))


def test_what_is_missing_counts_neither_way() -> None:
    one = profile(name="acme tools")
    assert weight(one, profile(name="acme tools", phone="+861"), CHANCE, 100) == weight(
        one, profile(name="acme tools"), CHANCE, 100
    )


def test_words_in_another_order_are_the_same_words() -> None:
    assert similarity("name", "waller jonathan", "jonathan waller") == 1.0


def test_neighbouring_numbers_are_not_the_same_number() -> None:
    assert similarity("phone", "+862158001234", "+862158009876") == 0.0
    assert similarity("name", "shop 12 harbour", "shop 13 harbour") == 0.0
    assert similarity("tax_number", "6988048", "6980848") > 0.0, "two digits swapped"


@pytest.mark.usefixtures("database")
async def test_new_customers_are_weighed_against_those_of_the_branch(tmp_path: Path) -> None:
    await hire(LIN)
    await customer_of(
        LIN, "Tullaroop Trading", code="OLD", address="6 Tullaroop Street", postcode="4011", city="St James"
    )
    rows = "rec_id,given_name,surname,street_number,address_1,address_2,suburb,postcode,state,soc_sec_id\n"
    rows += "N1,,Tularoop Trading,6,Tullaroop Street,,St James,4011,,\nN2,,Something Else,9,Lake Road,,Perth,6000,,\n"
    folder = write(tmp_path, febrl1_csv=rows)
    for dry_run in (True, False):
        outcome = await bring_in(MAPPING, folder, dry_run=dry_run)
        assert counts(outcome) == (2, 0, 0, 0)
        assert reasons(outcome) == ["Probably the same customer as Tullaroop Trading (OLD)."]


@pytest.mark.usefixtures("sqlite_database")
async def test_doubled_records_that_nobody_here_wrote_are_found(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    if not FEBRL.is_dir():
        missing(f"the records with known doubles are not there: {FEBRL}")
    write(tmp_path, febrl1_csv=(FEBRL / "febrl1.csv").read_bytes())
    with at_home(Home("SH", currency="AUD", country="AU")):
        outcome = await bring_in(MAPPING, tmp_path, dry_run=True, result_file=tmp_path / "result.csv")
    assert counts(outcome) == (1_000, 0, 0, 0)
    recall, precision, number = measured(tmp_path / "result.csv")
    with capsys.disabled():
        print(f"\n[febrl1: recall {recall:.3f}, precision {precision:.3f}, {number} pairs reported]")
    assert recall >= 0.95
    assert precision >= 0.98
