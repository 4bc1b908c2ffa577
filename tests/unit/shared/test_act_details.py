"""What an entry of an audit trail tells besides the act, in words."""

import pytest

from shared.act_details import details_text
from shared.i18n import install_from, use_locale
from tests.support.reference import ROOT


@pytest.fixture(autouse=True)
def _english():
    with use_locale("en"):
        yield


def test_names_and_codes_are_words_and_what_is_empty_or_for_machines_is_left_out() -> None:
    told = details_text(
        {"sha256": "ab12", "roles": ["executive"], "name": "Mei", "branches": None, "format": "csv"}
    )
    assert told == "Name: Mei · Roles: Executive · File type: CSV"


def test_no_and_nought_are_told() -> None:
    assert details_text({"public": False, "count": 0}) == "Number of records: 0 · Open without sign-in: no"


def test_of_rights_and_people_what_differs_is_told() -> None:
    assert details_text(
        {
            "role": "salesperson",
            "before": {"customer.view": "own", "order.edit": "own", "task.view": "own"},
            "after": {"customer.view": "department", "task.view": "own"},
        }
    ) == (
        "Role: Salesperson · See customers: own and subordinates → own department"
        " · Enter and change orders: own and subordinates → –"
    )
    person = {
        "before": {"roles": ["executive"], "branches": ["PAR"]},
        "roles": ["executive"],
        "branches": None,
    }
    assert details_text(person) == "Branches: PAR → all branches"


def test_values_before_a_correction_are_told_under_one_head() -> None:
    told = details_text({"directive": "D2026-0001", "before": {"name": "Old", "city": ""}})
    assert told == "Before: Name: Old, town: – · Directive: D2026-0001"


def test_what_moved_in_a_hand_over_is_counted() -> None:
    moved = {"customers": 12, "tasks": 0, "quotations": 1}
    told = details_text({"from": "Li", "to": "Wang", "to_id": "0190", "moved": moved})
    assert told == "Handed over by: Li · Taken over by: Wang · Customers: 12 · Quotes: 1"


def test_a_discount_limit_is_told_in_percent() -> None:
    assert details_text({"before": 0, "after": 550}, "staff.discount_limit") == "Before: 0 % · Now: 5.5 %"


def test_a_reader_of_chinese_finds_no_english() -> None:
    install_from(ROOT / "shared")
    with use_locale("zh_CN"):
        told = details_text({"roles": ["executive"], "before": {"branches": ["PAR"]}, "branches": None})
    assert not any(letter.isascii() and letter.islower() for letter in told)
