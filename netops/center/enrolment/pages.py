"""What the templates of enrolment receive."""

from dataclasses import dataclass
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Confirm, TableView


@dataclass(frozen=True)
class EnrolPage:
    """Tokens and nodes. `command` is what enrols the node, with its token: shown once, right after that was made; `pin` is the
    center's own."""

    form: Form[Any]
    command: str
    pin: str
    tokens: TableView
    nodes: TableView


@dataclass(frozen=True)
class RevokePage:
    """The question before a node is shut out."""

    question: Confirm
