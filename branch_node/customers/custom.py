"""Reads the custom fields of a posted form: each by its kind, all messages at once."""

from collections.abc import Sequence
from typing import Any

from starlette.requests import Request

from shared.errors import Invalid, Text
from shared.i18n import N_, gettext
from shared.records import CustomFieldDef
from shared.web.forms import Form, parse_day, parse_decimal, today_of_reader, with_error


async def read_custom(
    request: Request, form: Form[Any], definitions: Sequence[CustomFieldDef]
) -> tuple[Form[Any], dict[str, Any]]:
    """The form with what was typed into custom fields and their messages, and the values by key."""
    posted = await request.form()
    values: dict[str, Any] = {}
    typed = dict(form.typed)
    result = form
    errors: dict[str, str] = {}
    for one in definitions:
        name = f"custom_{one.key}"
        text = str(posted.get(name, "")).strip()
        typed[name] = text
        try:
            value = custom_value(one, text)
        except Invalid as refused:
            errors[name] = gettext(refused.message, **refused.params)
        else:
            if value is not None:
                values[one.key] = value
    result = Form(typed, form.errors, form.result)
    for name, message in errors.items():
        result = with_error(result, name, message)
    return result, values


def custom_value(one: CustomFieldDef, text: str) -> Any:
    """The value to store: text, a number in thousandths as text, an ISO date, a choice, a bool; None: nothing.

    Invalid, with the message for the field, when it cannot be read or is required and missing.
    """
    if one.kind == "tick":
        return text in ("1", "on", "true")
    if not text:
        if one.required:
            raise Invalid(N_("Enter this; it cannot be left empty."))
        return None
    if one.kind == "choice" and text not in [str(choice) for choice in one.choices]:
        raise Invalid(N_("Choose one from the list."))
    if one.kind == "number":
        return _number(text)
    if one.kind == "date":
        return _day(text)
    if len(text) > 300:
        raise Invalid(Text(N_("Shorten this to at most %(max_length)s characters."), max_length=300))
    return text


def _number(text: str) -> str:
    from pydantic_core import PydanticCustomError

    try:
        milli = parse_decimal(text, 3)
    except PydanticCustomError:
        raise Invalid(N_("Enter a number in digits, such as 12.5.")) from None
    whole, part = divmod(abs(milli), 1000)
    sign = "-" if milli < 0 else ""
    return f"{sign}{whole}" + (f".{part:03d}".rstrip("0") if part else "")


def _day(text: str) -> str:
    from pydantic_core import PydanticCustomError

    try:
        return parse_day(text, today_of_reader()).isoformat()
    except PydanticCustomError:
        raise Invalid(N_("Enter a date such as 2026-11-22, 11-22, 1122, today or +3.")) from None
