"""Forms of the branch's own rules about selling."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints, ValidationInfo

from branch_node.policies.rules import threshold_in
from shared.errors import Invalid
from shared.web.forms import FormModel, WholeNumber, wrong_entry
from shared.web.reader import base_currency

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=80)]


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
