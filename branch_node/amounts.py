"""Amounts typed in a currency that only the record behind the form knows."""

from typing import Annotated

from pydantic import StringConstraints

from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import parse_amount

TypedAmount = Annotated[str, StringConstraints(min_length=1, max_length=60)]


def amount_in(text: str, currency: str, field: str = "amount", *, least: int = 1) -> int:
    """Minor units of what was typed into `field`; Invalid, at that field, when it is no amount of this currency
    or less than `least` minor units."""
    try:
        minor = parse_amount(text, currency).minor
    except Invalid as refused:
        raise Invalid(fields={field: Text(refused.message, **refused.params)}, code=refused.code) from None
    if minor < least:
        raise Invalid(fields={field: Text(N_("An amount must be more than 0."))}, code="amount.not_positive")
    return minor
