"""Forms of approvals."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from branch_node.bulk import BulkForm
from shared.web.forms import FormModel


class DecisionForm(FormModel):
    """Approve or refuse; a refusal needs a comment. `seen` names what the page had shown."""

    verdict: Literal["approve", "reject"]
    comment: Annotated[str, StringConstraints(max_length=500)] = ""
    seen: Annotated[str, StringConstraints(max_length=40)] = ""


class ManyForm(BulkForm):
    """Which requests are decided together."""

    ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]


class FilterForm(FormModel):
    """Which requests."""

    which: Literal["mine", "asked", "decided"] = "mine"
    entity: Literal["order", "quotation", "expense"] | None = None
