"""What people type -> values, or all messages at once."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field as Bounds
from pydantic import ValidationError
from starlette.datastructures import QueryParams

import shared
from shared import clock, i18n
from shared.clock import FixedClock
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import Money
from shared.web.forms import (
    AmountMinor,
    Day,
    Form,
    FormModel,
    Instant,
    LongText,
    PercentBp,
    Picked,
    QuantityMilli,
    ShortText,
    Tick,
    WholeNumber,
    empty_form,
    form_of,
    parse,
    parse_day,
    percent_up_to,
    typed_fields,
    with_errors,
)

SUNDAY = date(2026, 11, 22)


class ReceiptForm(FormModel):
    customer: Picked
    amount: AmountMinor
    day: Day
    method: Literal["bank", "cash"]
    note: LongText = ""
    tick: Tick = False


@pytest.fixture(autouse=True)
def sunday() -> Iterator[None]:
    with clock.use(FixedClock(datetime(2026, 11, 22, 4, 0, tzinfo=UTC))), i18n.use_locale("en"):
        yield


def test_all_messages_come_at_once_and_what_was_typed_stays() -> None:
    form = parse({"amount": "12,3", "day": "31-31", "method": "gold", "note": " x "}, ReceiptForm)
    assert set(form.errors) == {"customer", "amount", "day", "method"}
    assert form.error("customer") == "Enter this; it cannot be left empty."
    assert form.text("amount") == "12,3"
    with pytest.raises(ValueError, match="the form has errors"):
        _ = form.value


class NamedForm(FormModel):
    name: Annotated[str, Bounds(min_length=2)]
    nickname: str = ""


@pytest.mark.parametrize("unseen", ["\u200b\u2060", "\u202e\u00a0\u200f", "\u3164\u3164", "\u2800 \u2800"])
def test_a_name_of_which_nobody_sees_anything_is_none(unseen: str) -> None:
    assert parse({"name": unseen}, NamedForm).error("name") == "Enter this; it cannot be left empty."
    assert parse({"name": "Li", "nickname": unseen}, NamedForm).value.nickname == ""
    with pytest.raises(ValidationError):
        NamedForm.model_validate({"name": unseen})


@pytest.mark.parametrize("name", ["李\u200d娜", "\u200fعلي", "O’Hara"])
def test_marks_within_a_name_stay(name: str) -> None:
    assert parse({"name": name}, NamedForm).value.name == name


def test_messages_are_in_the_readers_language() -> None:
    i18n.install(i18n.catalogue([Path(shared.__file__).parent]))
    with i18n.use_locale("zh_CN"):
        assert parse({}, ReceiptForm).error("amount") == "此项必填。"


def test_a_good_form_gives_its_values() -> None:
    customer = "0198c0de-0000-7000-8000-000000000001"
    form = parse(
        {"customer": customer, "amount": "１０万", "day": "今天", "method": "cash", "tick": "1"}, ReceiptForm
    )
    value = form.value
    assert (value.amount, value.day, value.tick, value.note) == (10_000_000, SUNDAY, True, "")


def test_a_refusal_of_an_action_stands_beside_its_field() -> None:
    refused = Invalid(fields={"amount": N_("Enter an amount.")})
    assert with_errors(empty_form(amount="0"), refused).errors == {"amount": "Enter an amount."}
    assert with_errors(empty_form(), Invalid(N_("Enter an amount."))).errors == {"": "Enter an amount."}


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("2026-11-22", SUNDAY),
        ("2026/1/2", date(2026, 1, 2)),
        ("20260102", date(2026, 1, 2)),
        ("11-22", SUNDAY),
        ("1122", SUNDAY),
        ("１１－２２", SUNDAY),
        ("11月5日", date(2026, 11, 5)),
        ("2026年1月2日", date(2026, 1, 2)),
        ("今天", SUNDAY),
        ("明天", date(2026, 11, 23)),
        ("Today", SUNDAY),
        ("+3", date(2026, 11, 25)),
        ("-1", date(2026, 11, 21)),
        ("0102", date(2027, 1, 2)),
        ("06-01", date(2026, 6, 1)),
        ("02-29", date(2028, 2, 29)),
    ],
)
def test_dates_as_people_type_them(typed: str, expected: date) -> None:
    assert parse_day(typed, SUNDAY) == expected


@pytest.mark.parametrize(
    "typed", ["", "11-31", "1340", "0001-01-01", "3000-01-01", "soon", "1/2/3/4", "2026-02-29"]
)
def test_what_is_no_date_gets_a_message(typed: str) -> None:
    class DayForm(FormModel):
        day: Day

    assert parse({"day": typed}, DayForm).error("day")


@given(st.dates(date(1900, 1, 1), date(2199, 12, 31)))
def test_a_written_date_reads_back(day: date) -> None:
    assert parse_day(day.isoformat(), SUNDAY) == day


@given(st.dates(date(2026, 6, 1), date(2027, 4, 30)))
def test_a_date_without_a_year_is_the_nearest(day: date) -> None:
    assert parse_day(f"{day.month}-{day.day}", SUNDAY) == day


class NumbersForm(FormModel):
    amount: Annotated[AmountMinor, Bounds(gt=0)] | None = None
    quantity: QuantityMilli | None = None
    discount: PercentBp | None = None
    whole: WholeNumber | None = None
    at: Instant | None = None
    name: ShortText | None = None


@pytest.mark.parametrize(
    ("field", "typed", "expected"),
    [
        ("amount", "100,000.05", 10_000_005),
        ("amount", "¥1,234", 123_400),
        ("quantity", "1.5", 1_500),
        ("discount", "12.5%", 1_250),
        ("discount", "１２．５", 1_250),
        ("whole", "1,234", 1_234),
        ("at", "2026-11-22 14:05", datetime(2026, 11, 22, 6, 5, tzinfo=UTC)),
        ("at", "2026-11-22T14:05", datetime(2026, 11, 22, 6, 5, tzinfo=UTC)),
        ("at", "2026/11/22 14:05", datetime(2026, 11, 22, 6, 5, tzinfo=UTC)),
    ],
)
def test_numbers_and_instants_as_people_type_them(field: str, typed: str, expected: object) -> None:
    assert getattr(parse({field: typed}, NumbersForm).value, field) == expected


@pytest.mark.parametrize(
    ("field", "typed", "message"),
    [
        ("amount", "0", "Enter more than 0."),
        ("amount", "1.5w", '"1.5w" is not an amount'),
        ("amount", "1.005", "has more decimals than CNY has"),
        ("quantity", "1.2345", "at most 3 decimals"),
        ("discount", "ten", "Enter a number in digits"),
        ("whole", "1.5", "Enter a whole number"),
        ("at", "yesterday", "Enter a date and time"),
        ("at", "2026-02-31 10:00", "There is no such day in the calendar."),
        ("at", "2026-02-28 25:00", "Enter a date and time"),
        ("name", "x" * 201, "Shorten this to at most 200 characters."),
    ],
)
def test_what_cannot_be_read_gets_a_message_that_helps(field: str, typed: str, message: str) -> None:
    assert message in parse({field: typed}, NumbersForm).error(field)


@given(st.integers(-(10**12), 10**12))
def test_an_amount_in_a_box_reads_back(minor: int) -> None:
    class AnyForm(FormModel):
        amount: AmountMinor

    typed = empty_form(amount=Money(minor, "CNY")).text("amount")
    assert parse({"amount": typed}, AnyForm).value.amount == minor


def test_a_form_of_a_value_shows_it() -> None:
    form: Form[NumbersForm] = form_of(NumbersForm(whole=7, name="tea"))
    assert (form.text("whole"), form.text("name"), form.text("amount")) == ("7", "tea", "")


class OwnerForm(FormModel):
    owner_id: Picked | None = None
    limit: Annotated[PercentBp, percent_up_to(5_000, more_than_0=True)] = 1


def test_a_name_typed_and_not_chosen_is_told_and_kept_also_where_nobody_need_be_chosen() -> None:
    typed = typed_fields(QueryParams("owner_id=&owner_id_text=Nobody&other_text=x"), OwnerForm)
    form = parse(typed, OwnerForm)
    assert [*form.errors] == ["owner_id"]
    assert form.text("owner_id_text") == "Nobody"
    assert parse({"owner_id": "", "owner_id_text": ""}, OwnerForm).value.owner_id is None


def test_a_chosen_name_is_its_id_whatever_stands_in_the_box() -> None:
    form = parse({"owner_id": str(UUID(int=7)), "owner_id_text": "Lin"}, OwnerForm)
    assert form.value.owner_id == UUID(int=7)


def test_bounds_of_a_percentage_are_told_in_percent() -> None:
    told = {text: parse({"limit": text}, OwnerForm).errors.get("limit") for text in ("50", "51", "0", "-1")}
    assert told == {
        "50": None,
        "51": "Enter 50% or less.",
        "0": "Enter more than 0%.",
        "-1": "Enter more than 0%.",
    }


def test_a_folded_group_stands_open_for_a_fault_in_it() -> None:
    form = parse({"limit": "51"}, OwnerForm)
    assert form.fails("notes", "lim")
    assert not form.fails("owner_id")
