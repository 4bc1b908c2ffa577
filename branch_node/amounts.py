"""Amounts typed in a currency that only the record behind the form knows."""

from typing import Annotated

from pydantic import StringConstraints

from shared.errors import Invalid, Text
from shared.money import parse_amount
from shared.web.forms import readable_amount, require_least

_SOME = StringConstraints(min_length=1, max_length=60)
_PERHAPS = StringConstraints(max_length=60)

TypedAmount = Annotated[str, _SOME, readable_amount(1)]
TypedPrice = Annotated[str, _SOME, readable_amount(0)]
"""As a TypedAmount, but 0 is one, too."""
AmountOrNone = Annotated[str, _PERHAPS, readable_amount(1)]
PriceOrNone = Annotated[str, _PERHAPS, readable_amount(0)]


def amount_in(text: str, currency: str, field: str = "amount", *, least: int = 1) -> int:
    """Minor units of what was typed into `field`; Invalid, at that field, when it is no amount of this currency
    or less than `least` minor units."""
    try:
        minor = parse_amount(text, currency).minor
        require_least(minor, least)
    except Invalid as refused:
        raise Invalid(fields={field: Text(refused.message, **refused.params)}, code=refused.code) from None
    return minor
