"""The form of a piece of news."""

from typing import Annotated

from pydantic import BeforeValidator, Field

from shared.i18n import N_
from shared.web.forms import Day, FormModel, LongText, Tick, wrong_entry


def _link(value: object) -> object:
    text = str(value).strip()
    if text and not text.startswith(("http://", "https://")):
        raise wrong_entry(N_("Enter an address that begins with http:// or https://."))
    return text


class FeedForm(FormModel):
    """A source of news; `shares` sends its items to every branch without a look at them."""

    name: str = Field(min_length=1, max_length=120)
    url: str = Field(min_length=8, max_length=500)
    shares: Tick = False


class NewsForm(FormModel):
    """A headline with its source; a link leads to http or https only."""

    title: str = Field(min_length=1, max_length=300)
    link: Annotated[str, BeforeValidator(_link), Field(max_length=500)] = ""
    source: str = Field("", max_length=120)
    summary: LongText = ""
    happened_on: Day
