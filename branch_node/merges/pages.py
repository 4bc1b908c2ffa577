"""What the templates of merges receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.customers.queries import Duplicate
from branch_node.merges.queries import Pair
from shared.records import Customer
from shared.web.forms import Form


@dataclass(frozen=True)
class Choice:
    """A field that both customers fill differently."""

    name: str
    label: str
    kept: str
    other: str


@dataclass(frozen=True)
class MergePage:
    """merges/merge.html: choose the other customer, then which value of each field stands and what moves."""

    customer: Customer
    form: Form[Any]
    other: Customer | None
    other_name: str
    choices: Sequence[Choice]
    moving: Sequence[tuple[str, int]]
    duplicates: Sequence[Duplicate]
    reasons: Mapping[str, str]


@dataclass(frozen=True)
class PairsPage:
    """merges/pairs.html: customers that are probably entered twice."""

    pairs: Sequence[Pair]
    reasons: Mapping[str, str]
    limit: int
    scope: str
