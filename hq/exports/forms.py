"""The form that asks for a file."""

from typing import Annotated, Literal

from pydantic import Field

from shared.web.forms import Day, FormModel


class ExportForm(FormModel):
    """Which rows, of which days (both ends included), of which branches (none: all)."""

    kind: Literal["orders", "instalments", "receipts", "expenses", "customers"]
    first: Day | None = None
    last: Day | None = None
    branches: Annotated[list[str], Field(default_factory=list)]
