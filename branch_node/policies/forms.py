"""Forms of the branch's own rules about selling."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from shared.web.forms import FormModel, WholeNumber

Code = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,23}$")]
Label = Annotated[str, StringConstraints(min_length=1, max_length=80)]


class RuleForm(FormModel):
    """When documents need a further decision. `threshold` is an amount in the base currency, or per cent."""

    entity: Literal["order", "quotation", "expense"] = "order"
    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    when: Literal["amount", "discount", "credit"]
    threshold: Annotated[str, StringConstraints(max_length=40)] = ""
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
