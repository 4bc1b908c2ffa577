"""The form of one rate."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.web.forms import CurrencyCode, Day, FormModel, parse_decimal


def _rate(value: object) -> object:
    """'7.1234' -> 7_123_400_000"""
    return parse_decimal(value, 9) if isinstance(value, str) else value


class RateForm(FormModel):
    """One major unit of `currency` in `to_currency`, from a day on."""

    currency: CurrencyCode
    to_currency: CurrencyCode
    happened_on: Day
    rate: Annotated[int, BeforeValidator(_rate), Field(gt=0, lt=10**18)]
