"""The patterns page: every part in every state, both languages side by side, with the call beside it."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import Request


@dataclass(frozen=True)
class PatternsPage:
    """Sections of the page."""

    sections: Sequence[str] = ()


def patterns_page(_request: Request) -> PatternsPage:
    return PatternsPage()
