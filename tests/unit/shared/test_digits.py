"""Whole numbers in texts from outside: read, or none, never an error."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.digits import LARGEST, whole_number


@pytest.mark.parametrize(
    ("text", "number"),
    [("12", 12), (" 7 ", 7), ("٣٤", 34), ("0012", 12), ("", None), ("-1", None), ("²", None), ("1.0", None), ("9" * 5_000, None)],
)  # fmt: skip
def test_decimal_digits_of_any_script_are_a_number_and_nothing_else_is(text: str, number: int | None) -> None:
    assert whole_number(text) == number


def test_a_number_above_the_most_is_none() -> None:
    assert whole_number("2199", 2199) == 2199
    assert whole_number("2200", 2199) is None
    assert whole_number(str(LARGEST)) == LARGEST
    assert whole_number(str(LARGEST + 1)) is None


@given(st.text(max_size=30))
def test_any_text_is_a_number_within_bounds_or_none(text: str) -> None:
    found = whole_number(text)
    assert found is None or 0 <= found <= LARGEST
