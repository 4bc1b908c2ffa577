"""Forms of the branch's own rules about selling."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from shared.errors import Invalid
from shared.i18n import N_
from shared.money import parse_amount
from shared.web.forms import FormModel, WholeNumber, parse_decimal, require_least, wrong_entry
from shared.web.reader import base_currency

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=80)]


def threshold_in(when: str, text: str, currency: str) -> int:
    """Minor units of the base currency, or basis points; 0 for credit, which has none. Invalid for what cannot be read."""
    if when == "credit":
        return 0
    if when == "amount":
        minor = parse_amount(text, currency).minor
        require_least(minor, 1)
        return minor
    try:
        found = parse_decimal(text, 2)
    except ValueError:
        found = -1
    if not 0 <= found <= 10_000:
        raise Invalid(N_("Enter a percentage between 0 and 100, such as 12.5."))
    return found


def _readable(text: str, info: ValidationInfo) -> str:
    """Told with the other faults; while `when` is wrong nobody knows what the text should be."""
    if "when" in info.data:
        try:
            threshold_in(info.data["when"], text, base_currency())
        except Invalid as refused:
            raise wrong_entry(refused.message, **refused.params) from None
    return text


Threshold = Annotated[str, StringConstraints(max_length=40), AfterValidator(_readable)]


class RuleForm(FormModel):
    """When documents need a further decision. `threshold` is an amount in the base currency, or per cent."""

    entity: Literal["order", "quotation", "expense"] = "order"
    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    when: Literal["amount", "discount", "credit"]
    threshold: Annotated[Threshold, Field(validate_default=True)] = ""
    role_code: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    position: Annotated[WholeNumber, Field(ge=1, le=99)] = 1


class StepKindForm(FormModel):
    """A kind of execution step."""

    code: Code
    label: Label
    label_en: Annotated[str, StringConstraints(max_length=80)] = ""
    effect: Literal["manual", "collect", "ship", "dunning"] = "manual"


class CategoryForm(FormModel):
    """A kind of expense."""

    code: Code
    label: Label
    label_en: Annotated[str, StringConstraints(max_length=80)] = ""
