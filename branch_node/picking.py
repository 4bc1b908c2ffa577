"""The answer of every typeahead of the branch."""

from collections.abc import Sequence
from dataclasses import dataclass

from shared.web.parts import Option


@dataclass(frozen=True)
class PickPage:
    """pick.html, a part: at most eight hits, "new ..." last."""

    hits: Sequence[Option]
    new_url: str = ""
    new_label: str = ""
