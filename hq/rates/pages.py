"""What the template of rates receives."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Field, TableView


@dataclass(frozen=True)
class RatesPage:
    """/rates"""

    table: TableView
    missing: Sequence[str]
    may_edit: bool
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]
