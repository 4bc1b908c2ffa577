"""What the templates of business cards receive."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from branch_node.vcards.rules import Card
from shared.web.forms import Form
from shared.web.parts import Option


@dataclass(frozen=True)
class Offer:
    """A card that was read and what can become of it; the first choice is the likeliest."""

    card: Card
    choices: Sequence[Option]


@dataclass(frozen=True)
class CardsPage:
    """vcards/cards.html: choose a file; once it is read, what becomes of each card."""

    form: Form[Any]
    offers: Sequence[Offer] = ()
    text: str = ""
