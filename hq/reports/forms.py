"""The form of a pack."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from hq.reports.rules import VIEWS, clock_of
from shared.i18n import LOCALES, N_
from shared.web.forms import FormModel, ShortText, Tick, wrong_entry


def _clock(value: object) -> object:
    if clock_of(str(value)) is None:
        raise wrong_entry(N_("Write a time of the day like 07:30."))
    return str(value).strip()


def _views(value: object) -> object:
    chosen = [str(one) for one in value] if isinstance(value, list) else [str(value)]
    found = [code for code in VIEWS if code in chosen]
    if not found:
        raise wrong_entry(N_("Choose at least one view."))
    return found


def _locale(value: object) -> object:
    if value not in LOCALES:
        raise wrong_entry(N_("Choose one from the list."))
    return value


class PackForm(FormModel):
    """A pack as typed; `branches` empty is all of them."""

    name: ShortText
    views: Annotated[list[str], BeforeValidator(_views)] = Field(default=[], validate_default=True)
    branches: list[str] = []
    recipients: list[str] = []
    rhythm: Literal["daily", "weekly", "monthly"] = "weekly"
    weekday: Annotated[int, Field(ge=1, le=7)] = 1
    month_day: Annotated[int, Field(ge=1, le=28)] = 1
    at_time: Annotated[str, BeforeValidator(_clock)] = "07:30"
    locale: Annotated[str, BeforeValidator(_locale)] = "zh_CN"
    with_pdf: Tick = False
    with_xlsx: Tick = False
