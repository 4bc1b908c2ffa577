"""Refusals say what to do, to people and to machines."""

import pytest

from shared import errors
from shared.errors import Conflict, Invalid, NotFound, Refused, Text, TooMany, Unavailable


@pytest.mark.parametrize(
    ("refusal", "status", "code"),
    [
        (NotFound(), 404, "not_found"),
        (errors.NotAllowed("Ask."), 403, "forbidden"),
        (Conflict("No."), 409, "conflict"),
        (Invalid(), 422, "invalid"),
        (TooMany("Wait.", retry_after=30), 429, "too_many"),
        (Unavailable("HQ does not answer.", retry_after=5), 503, "unavailable"),
    ],
)
def test_each_kind_has_a_status_and_a_word(refusal, status, code):
    assert (refusal.status, refusal.code) == (status, code)
    assert isinstance(refusal, Refused)


def test_a_refusal_keeps_its_values_apart_from_its_text():
    refusal = Conflict("%(period)s is closed.", code="period.closed", period="November")
    assert refusal.message == "%(period)s is closed."
    assert refusal.params == {"period": "November"}
    assert refusal.code == "period.closed"
    assert str(refusal) == "November is closed."


def test_invalid_entries_are_named_by_field():
    refusal = Invalid(fields={"amount": Text("At most %(limit)s.", limit=5), "name": "Enter a name."})
    assert set(refusal.fields) == {"amount", "name"}
    assert refusal.fields["amount"] == "At most %(limit)s."
    assert refusal.fields["amount"].params == {"limit": 5}


def test_a_text_brings_its_values_into_a_refusal():
    assert str(Conflict(Text("Only %(n)s left.", n=3))) == "Only 3 left."


def test_a_refusal_with_a_missing_value_still_tells_what_it_knows():
    assert str(Conflict("Until %(day)s.", other=1)) == "Until %(day)s. {'other': 1}"


def test_waiting_times_are_told():
    assert TooMany("Wait.", retry_after=30).retry_after == 30
    assert Unavailable("Wait.", retry_after=5).retry_after == 5
