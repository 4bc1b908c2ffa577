"""The form of one rate."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.i18n import N_
from shared.money import CURRENCIES
from shared.web.forms import Day, FormModel, parse_decimal, wrong_entry


def _rate(value: object) -> object:
    """'7.1234' -> 7_123_400_000"""
    return parse_decimal(value, 9) if isinstance(value, str) else value


def _currency(value: object) -> object:
    code = str(value).strip().upper()
    if code not in CURRENCIES:
        raise wrong_entry(N_("Enter a currency code such as USD."))
    return code


Currency = Annotated[str, BeforeValidator(_currency)]


class RateForm(FormModel):
    """One major unit of `currency` in `to_currency`, from a day on."""

    currency: Currency
    to_currency: Currency
    happened_on: Day
    rate: Annotated[int, BeforeValidator(_rate), Field(gt=0, lt=10**18)]
