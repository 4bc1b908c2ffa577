"""/rates: the dated rates, which of them are missing today, and the form that enters one."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import house_of
from hq.figures.rates import conversion
from hq.rates.actions import enter_rate
from hq.rates.forms import RateForm
from hq.rates.pages import RatesPage
from hq.rates.queries import branch_currencies, rate_in_column, rate_text, rates
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Column, Empty, Field, Row, TableView
from shared.web.responses import page, redirect


async def show(request: Request) -> Response:
    """The list and the empty form."""
    house = house_of(request.app.state.settings)
    form = empty_form(
        to_currency=house.currency, happened_on=house.today(), currency=request.query_params.get("currency")
    )
    return await shown(request, form)


async def shown(request: Request, form: Form[Any], status: int = 200) -> Response:
    """The page with what was typed."""
    house = house_of(request.app.state.settings)
    currencies = await branch_currencies()
    today = await conversion(currencies, house.currency, house.today())
    columns = [
        Column("pair", _("Currency"), phone="head"),
        Column("on", _("Valid from"), "day", phone="second"),
        Column("rate", _("Rate"), phone="second", is_figure=True),
    ]
    rows = [
        Row(
            {
                "pair": f"{row.currency} → {row.to_currency}",
                "on": row.on,
                "rate": rate_in_column(row.rate_e9),
            },
            id=row.id,
        )
        for row in await rates(limit=200)
    ]
    table = TableView(
        "rates", _("Exchange rates, newest first"), columns, rows, empty=Empty("nothing", _("No rates yet."))
    )
    fields = [
        Field("currency", _("Currency"), width="s", hint=_("Code such as USD"), is_focused=status == 422),
        Field("rate", _("Rate"), "number", width="m", hint=_("What 1 unit of it costs")),
        Field("to_currency", _("In currency"), width="s", hint=_("Code such as CNY")),
        Field("happened_on", _("Valid from"), "date"),
    ]
    missing = [currency for currency in currencies if today.rate(currency) is None]
    labels = {field.name: field.label for field in fields}
    view = RatesPage(table, missing, request.state.person.may("settings.edit"), form, fields, labels)
    return page(request, "rates/show.html", view, status=status)


async def save(request: Request) -> Response:
    """Enter a rate."""
    form = await read_form(request, RateForm)
    if form.errors:
        return await shown(request, form, 422)
    value = form.value
    try:
        row = await enter_rate(value.currency, value.to_currency, value.happened_on, value.rate)
    except Invalid as refused:
        return await shown(request, with_errors(form, refused), 422)
    text = _("1 %(currency)s = %(rate)s %(to_currency)s from %(day)s.", currency=row.currency, rate=rate_text(row.rate_e9), to_currency=row.to_currency, day=row.happened_on.isoformat())  # fmt: skip
    return redirect("/rates", toast=text)
