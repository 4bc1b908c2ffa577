"""Forms: what people typed -> a pydantic model, or all messages at once in their language.

A feature's forms.py declares pydantic models with the field types below; a handler writes

    form = await read_form(request, ReceiptForm)
    if form.errors:
        return page(request, "receipts/new.html", NewPage(form=form, ...), status=422)
    await record_receipt(person, form.value)

`form` is given to the field macros: they show what was typed and the message beside it.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Generic, TypeVar, get_origin
from uuid import UUID

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    StringConstraints,
    ValidationError,
    ValidationInfo,
    model_validator,
)
from pydantic_core import PydanticCustomError
from starlette.datastructures import UploadFile
from starlette.requests import Request

from shared import clock, periods
from shared.errors import Conflict, Invalid
from shared.i18n import N_, gettext, render
from shared.mail import is_mail_address
from shared.money import CURRENCIES, Money, format_amount, parse_amount, parse_in_any
from shared.periods import FIRST_DAY, LAST_DAY
from shared.web.error_pages import shown
from shared.web.reader import base_currency, reader_zone

M = TypeVar("M", bound=BaseModel)


class FormModel(BaseModel):
    """Base of all form models: blanks around texts are dropped, unknown fields are ignored."""

    model_config = ConfigDict(str_strip_whitespace=True, extra="ignore", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_nobody_sees(cls, entered: Any) -> Any:
        if isinstance(entered, Mapping) and any(is_unseen(value) for value in entered.values()):
            return {name: "" if is_unseen(value) else value for name, value in entered.items()}
        return entered


def is_unseen(value: object) -> bool:
    """A text of which nobody would see anything: marks of direction and width, fillers. Names made of it would look empty."""
    if not isinstance(value, str) or value.isascii():
        return False
    return all(one.isspace() or one in FILLERS or unicodedata.category(one) == "Cf" for one in value)


FILLERS = "\u115f\u1160\u2800\u3164\uffa0"
"""Letters that are drawn as nothing: Hangul fillers, the empty Braille cell."""


@dataclass(frozen=True)
class Form(Generic[M]):
    """What came of a form. Exactly one of `value` and `errors` is set.

    `typed` is what was entered, by field name (lists for repeated fields); `errors` the translated message by
    field name, "" for one that belongs to no field. `labels` names the fields in the error summary.
    """

    typed: Mapping[str, Any] = field(default_factory=dict)
    errors: Mapping[str, str] = field(default_factory=dict)
    result: M | None = None

    @property
    def value(self) -> M:
        """The checked model; ValueError when there are errors."""
        if self.result is None:
            raise ValueError(f"the form has errors: {dict(self.errors)}")
        return self.result

    @property
    def checked(self) -> M:
        """The checked model; Invalid, naming each wrong field, when there are errors.

        The messages are in words already and may quote what was typed: a percent sign in them is a percent sign.
        """
        if self.result is None:
            raise Invalid(fields={name: text.replace("%", "%%") for name, text in self.errors.items()})
        return self.result

    def text(self, name: str) -> str:
        """What stands in a field."""
        typed = self.typed.get(name, "")
        return str(
            typed[0] if isinstance(typed, list) and typed else "" if isinstance(typed, list) else typed
        )

    def texts(self, name: str) -> list[str]:
        """What stands in a repeated field."""
        typed = self.typed.get(name, [])
        return [str(item) for item in typed] if isinstance(typed, list) else [str(typed)]

    def fails(self, *beginnings: str) -> bool:
        """Whether a field whose name begins so has a message: a folded group with one of them stands open."""
        return any(name.startswith(beginnings) for name in self.errors)

    def error(self, name: str) -> str:
        """The message of a field, empty when there is none."""
        return self.errors.get(name, "")


async def read_form(request: Request, model: type[M], *, prefix: str = "", currency: str = "") -> Form[M]:
    """Read the posted form as `model`. All faults are reported together, nothing is raised for them.

    `currency` is that of the record behind the form: amounts of the form are read in it where the form itself names none.
    """
    return parse(typed_fields(await request.form(), model, prefix), model, currency=currency)


def read_query(request: Request, model: type[M]) -> Form[M]:
    """Read the filters in the address as `model`; the faults as for a form."""
    return parse(typed_fields(request.query_params, model), model)


def empty_form(**values: object) -> Form[Any]:
    """A form before anybody typed: `values` is what the fields show."""
    return Form(typed={name: entry_text(value) for name, value in values.items()})


def form_of(value: BaseModel) -> Form[Any]:
    """A form that shows an existing value."""
    return empty_form(**dict(value))


def entry_text(value: object) -> Any:
    """How a value stands in a text box."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else ""
    if isinstance(value, Money):
        return format_amount(value.minor, value.currency)
    if isinstance(value, datetime):
        return value.astimezone(reader_zone()).strftime("%Y-%m-%dT%H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, (list, tuple)):
        return [entry_text(item) for item in value]
    return str(value)


def typed_fields(source: Any, model: type[BaseModel], prefix: str = "") -> dict[str, Any]:
    """The entries of a form or query by field name; lists where the model's field is a list."""
    typed: dict[str, Any] = {}
    for name, info in model.model_fields.items():
        values = source.getlist(prefix + name)
        if get_origin(info.annotation) in (list, tuple, set):
            typed[name] = values
        elif values:
            typed[name] = values[-1]
        if text_of(name) not in model.model_fields and (texts := source.getlist(prefix + text_of(name))):
            typed[text_of(name)] = texts[-1]
    return typed


def text_of(name: str) -> str:
    """The box in which a person looks for what is picked into the field of this name."""
    return f"{name}_text"


def parse(typed: Mapping[str, Any], model: type[M], *, currency: str = "") -> Form[M]:
    """Check entries against a model. An empty text counts as not entered; `currency` as in read_form.

    What was typed into the box of a picked field and leads to no choice is a fault, also of a field that may be left empty.
    """
    entered = {
        name: value
        for name, value in typed.items()
        if value not in ("", []) and not is_empty_file(value) and not is_unseen(value)
    }
    unknown = {
        name: gettext(NOT_CHOSEN)
        for name in model.model_fields
        if name not in entered and text_of(name) in entered
    }
    try:
        checked = model.model_validate(entered, context={CURRENCY: currency})
    except ValidationError as wrong:
        return Form(typed, {**messages_of(wrong), **unknown})
    return Form(typed, unknown) if unknown else Form(typed, {}, checked)


def is_empty_file(value: object) -> bool:
    """A file box in which nothing was chosen."""
    return isinstance(value, UploadFile) and not value.filename


def with_errors(form: Form[M], refused: Invalid | Conflict, beside: str = "") -> Form[M]:
    """The form after an action refused it: the refusal's messages stand beside their fields, one that names none stands
    beside the field named, or above the form."""
    named = refused.fields if isinstance(refused, Invalid) else {}
    fields = {name: render(text, {}, shown) for name, text in named.items()}
    return Form(form.typed, fields or {beside: render(refused.message, refused.params, shown)})


def with_error(form: Form[M], name: str, message: str) -> Form[M]:
    """The form with one more (translated) message."""
    return Form(form.typed, {**form.errors, name: message})


# --- messages ---------------------------------------------------------------------------------------------------

MESSAGES: Mapping[str, str] = {
    "missing": N_("Enter this; it cannot be left empty."),
    "string_too_short": N_("Enter at least %(min_length)s characters."),
    "string_too_long": N_("Shorten this to at most %(max_length)s characters."),
    "string_pattern_mismatch": N_("Write this in the form that the hint shows."),
    "int_parsing": N_("Enter a whole number, such as 12."),
    "int_type": N_("Enter a whole number, such as 12."),
    "int_from_float": N_("Enter a whole number, such as 12."),
    "greater_than": N_("Enter more than %(gt)s."),
    "greater_than_equal": N_("Enter %(ge)s or more."),
    "less_than": N_("Enter less than %(lt)s."),
    "less_than_equal": N_("Enter %(le)s or less."),
    "too_short": N_("Choose at least %(min_length)s."),
    "too_long": N_("Choose at most %(max_length)s."),
    "enum": N_("Choose one from the list."),
    "literal_error": N_("Choose one from the list."),
    "uuid_parsing": N_("Choose one from the list."),
    "bool_parsing": N_("Choose yes or no."),
}
NOT_CHOSEN = N_("Nothing is chosen yet. Choose one from the list that appears while you type.")
OTHERWISE = N_("This entry cannot be read. Compare it with the hint.")


def messages_of(wrong: ValidationError) -> dict[str, str]:
    """The first message of each field, translated."""
    messages: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        name = str(error["loc"][0]) if error["loc"] else ""
        context = dict(error.get("ctx", {}))
        msgid = context.pop("msgid", None) or MESSAGES.get(error["type"], OTHERWISE)
        messages.setdefault(name, gettext(msgid, **context))
    return messages


def wrong_entry(msgid: str, **params: object) -> PydanticCustomError:
    """The error that a validator raises: a msgid (marked with N_) and its values."""
    return PydanticCustomError("entry", "wrong entry", {"msgid": msgid, **params})


# --- field types ------------------------------------------------------------------------------------------------

_DIGITS_AND_SIGNS = re.compile(r"^[+-]?\d+(\.\d*)?$|^[+-]?\.\d+$")


def plain_width(text: str) -> str:
    """Full-width digits and signs as an input method types them -> ASCII."""
    return unicodedata.normalize("NFKC", text).strip()


def parse_decimal(text: str, decimals: int) -> int:
    """'1,234.5', full-width digits -> an integer in units of 10**-decimals. More decimals are refused."""
    clean = plain_width(text).replace(",", "").replace(" ", "").replace("\u2212", "-")
    if not _DIGITS_AND_SIGNS.match(clean) or len(clean) > 18:
        raise wrong_entry(N_("Enter a number in digits, such as 12.5."))
    whole, _, part = clean.partition(".")
    if len(part.rstrip("0")) > decimals:
        raise wrong_entry(
            N_("Enter at most %(decimals)s decimals; nothing is rounded here."), decimals=decimals
        )
    sign = -1 if whole.startswith("-") else 1
    return sign * int((whole.lstrip("+-") or "0") + part.rstrip("0").ljust(decimals, "0"))


def amount_of(text: str, currency: str) -> int:
    """Minor units of an amount as people type it; the message of shared.money when it is none."""
    try:
        return parse_amount(text, currency).minor
    except Invalid as refused:
        raise wrong_entry(refused.message, **refused.params) from None


CURRENCY = "currency"
"""The name of the field that says in which currency a form's amounts are, and of the record's currency in the context."""


def readable_amount(least: int) -> AfterValidator:
    """Of a text field: tells what is no amount, or less than `least` minor units, together with the form's other faults.

    The currency is that of the form (a field before this one), else the record's. While nobody knows it, only what is
    an amount in no currency is refused: the action reads it again in the right one.
    """

    def check(text: str, info: ValidationInfo) -> str:
        if not text:
            return text
        currency = str(info.data.get(CURRENCY) or (info.context or {}).get(CURRENCY) or "").upper()
        try:
            amount = (
                parse_amount(text, currency)
                if currency in CURRENCIES
                else parse_in_any(text, base_currency())
            )
            require_least(amount.minor, least)
        except Invalid as refused:
            raise wrong_entry(refused.message, **refused.params) from None
        return text

    return AfterValidator(check)


def require_least(minor: int, least: int) -> None:
    """Invalid for less than `least` minor units: 1 for what must be money, 0 for what may cost nothing."""
    if minor < least:
        message = N_("An amount must be more than 0.") if least else N_("An amount cannot be less than 0.")
        raise Invalid(message, code="amount.not_positive")


def parse_day(text: str, today: date) -> date:
    """'2026-11-22', '11-22', '1122', '20261122', '11月22日', '今天', '明天', '昨天', 'today', '+3', '-1' -> a date.

    Without a year the one nearest to today is meant.
    """
    clean = plain_width(text).lower().replace("/", "-").replace(".", "-").replace("\u2212", "-")
    words = {"今天": 0, "明天": 1, "后天": 2, "昨天": -1, "today": 0, "tomorrow": 1, "yesterday": -1}
    if clean in words:
        return today + timedelta(days=words[clean])
    if re.fullmatch(r"[+-]\d{1,4}", clean):
        return today + timedelta(days=int(clean))
    clean = re.sub(r"[年月]", "-", clean).removesuffix("日")
    if match := re.fullmatch(r"(\d{4})-(\d{1,2})-(\d{1,2})|(\d{4})(\d{2})(\d{2})", clean):
        year, month, day = (int(part) for part in match.groups() if part)
        return real_day(year, month, day)
    if match := re.fullmatch(r"(\d{1,2})-(\d{1,2})|(\d{2})(\d{2})", clean):
        month, day = (int(part) for part in match.groups() if part)
        near = [real_day(year, month, day) for year in years_around(today, month, day)]
        return min(near, key=lambda found: abs(found - today))
    raise wrong_entry(N_("Enter a date such as 2026-11-22, 11-22, 1122, today or +3."))


def years_around(today: date, month: int, day: int) -> list[int]:
    """The years near today in which the month has that day; the present one when none has."""
    if (month, day) == (2, 29):
        return [year for year in range(today.year - 4, today.year + 5) if is_leap(year)]
    return [today.year - 1, today.year, today.year + 1]


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def real_day(year: int, month: int, day: int) -> date:
    """The date, or a message that there is no such day."""
    try:
        found = date(year, month, day)
    except ValueError:
        raise wrong_entry(N_("There is no such day in the calendar. Check month and day.")) from None
    if not FIRST_DAY <= found <= LAST_DAY:
        raise wrong_entry(N_("Enter a date between 1900 and 2199."))
    return found


def today_of_reader() -> date:
    """The reader's own date."""
    return clock.now().astimezone(reader_zone()).date()


def _day(value: object) -> object:
    return parse_day(value, today_of_reader()) if isinstance(value, str) else value


def _instant(value: object) -> object:
    """'2026-11-22T14:05', '2026-11-22 14:05' or '2026/11/22 14:05' in the reader's zone, or with an offset."""
    if not isinstance(value, str):
        return value
    clean = plain_width(value).replace("/", "-").replace(" ", "T", 1)
    try:
        found = datetime.fromisoformat(clean)
    except ValueError:
        if match := re.match(r"(\d{4})-(\d{2})-(\d{2})(?!\d)", clean):
            real_day(*(int(part) for part in match.groups()))
        raise wrong_entry(N_("Enter a date and time such as 2026-11-22 14:05.")) from None
    if not FIRST_DAY <= found.date() <= LAST_DAY:
        raise wrong_entry(N_("Enter a date between 1900 and 2199."))
    return found if found.tzinfo else found.replace(tzinfo=reader_zone())


def _currency(value: object) -> object:
    code = plain_width(value).upper() if isinstance(value, str) else ""
    if code not in CURRENCIES:
        raise wrong_entry(N_("Enter a currency code such as CNY or USD."))
    return code


def _scaled(decimals: int) -> Callable[[object], object]:
    def read(value: object) -> object:
        return parse_decimal(value, decimals) if isinstance(value, str) else value

    return read


def _amount(value: object) -> object:
    """An amount in the site's base currency, in minor units."""
    return amount_of(value, base_currency()) if isinstance(value, str) else value


def _percent_bp(value: object) -> object:
    """'12.5' or '12.5%' -> 1250 basis points."""
    return parse_decimal(plain_width(value).removesuffix("%"), 2) if isinstance(value, str) else value


def _tick(value: object) -> object:
    return value in ("1", "on", "true", "yes", True)


def _whole(value: object) -> object:
    return plain_width(value).replace(",", "") if isinstance(value, str) else value


def _mail_address(value: str) -> str:
    if value and not is_mail_address(value):
        raise wrong_entry(N_("Write the e-mail address like name@example.com."))
    return value


def _period_text(value: str) -> str:
    if not (clean := plain_width(value)):
        return ""
    try:
        return str(periods.parse(clean))
    except Invalid:
        raise wrong_entry(N_("Write the period like 2026-11-22, 2026-11, 2026-Q4 or 2026.")) from None


PeriodText = Annotated[str, StringConstraints(max_length=24), AfterValidator(_period_text)]
"""A period as `shared.periods.parse` reads it; "" for none."""
Day = Annotated[date, BeforeValidator(_day)]
Instant = Annotated[datetime, BeforeValidator(_instant)]
CurrencyCode = Annotated[str, BeforeValidator(_currency), StringConstraints(pattern=r"^[A-Z]{3}$")]
AmountMinor = Annotated[int, BeforeValidator(_amount)]
QuantityMilli = Annotated[int, BeforeValidator(_scaled(3))]
PercentBp = Annotated[int, BeforeValidator(_percent_bp)]


def percent_up_to(most_bp: int, *, more_than_0: bool = False) -> AfterValidator:
    """Of a PercentBp: from 0, or more than that, to `most_bp` basis points; the message says it in percent."""

    def check(value: int) -> int:
        if value > most_bp:
            raise wrong_entry(N_("Enter %(most)s%% or less."), most=most_bp // 100)
        if value < 0 or (more_than_0 and value == 0):
            raise wrong_entry(N_("Enter more than 0%%.") if more_than_0 else N_("Enter 0%% or more."))
        return value

    return AfterValidator(check)


WholeNumber = Annotated[int, BeforeValidator(_whole)]
Tick = Annotated[bool, BeforeValidator(_tick)]
ShortText = Annotated[str, StringConstraints(min_length=1, max_length=200)]
MailAddress = Annotated[str, StringConstraints(max_length=200), AfterValidator(_mail_address)]
LongText = Annotated[str, StringConstraints(max_length=4000)]
Picked = UUID
