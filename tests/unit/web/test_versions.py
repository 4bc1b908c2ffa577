"""Values of a kept row as people read them: with currency where it is known, states in words, nothing invented."""

from collections.abc import Iterator

import pytest

from shared.i18n import use_locale
from shared.web.versions import column_label, value_text


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with use_locale("en"):
        yield


RECEIPT = {
    "currency": "USD",
    "amount_minor": 589667,
    "base_minor": 4178913,
    "status": "posted",
    "rate_e9": 7087080000,
}


@pytest.mark.parametrize(
    ("name", "label", "text"),
    [
        ("amount_minor", "amount", "USD 5,896.67"),
        ("base_minor", "amount in base currency", "¥41,789.13"),
        ("status", "status code", "posted"),
        ("rate_e9", "rate", "7.08708"),
    ],
)
def test_a_value_is_written_for_people_and_its_column_called_accordingly(
    name: str, label: str, text: str
) -> None:
    assert column_label(name, RECEIPT, "CNY") == label
    assert value_text(name, RECEIPT[name], RECEIPT, "CNY") == text


def test_an_amount_of_an_unknown_currency_stays_as_it_is_kept_and_says_so() -> None:
    row = {"amount_minor": 589667}
    assert column_label("amount_minor", row) == "amount in minor units"
    assert value_text("amount_minor", 589667, row) == "589667"


def test_yes_and_no_are_words() -> None:
    assert [value_text("is_disputed", value, {}) for value in (True, False, None)] == ["yes", "no", None]


def test_a_value_alone_is_what_a_correction_is_typed_as() -> None:
    """Without its row nothing is converted: quarantine asks for `column = value` as kept."""
    assert value_text("rate_e9", 7087080000) == "7087080000"
    assert value_text("status", "posted") == "posted"
    assert value_text("is_disputed", False) == "false"
    assert value_text("customer_id", "01972ebe-ca28-7e53") == "01972ebe"
    assert value_text("notes", None) is None
    assert value_text("ext", {}) is None
