"""What the templates of the outbox receive."""

from collections.abc import Sequence
from dataclasses import dataclass

from branch_node.mail.queries import MailRow
from shared.web.parts import Filters, Status, Tab, TableView


@dataclass(frozen=True)
class ListPage:
    """mail/list.html: mails to customers and staff with what became of them. `has_office`: a mail server is set up."""

    tabs: Sequence[Tab]
    filters: Filters
    table: TableView
    has_office: bool


@dataclass(frozen=True)
class ShowPage:
    """mail/show.html: one mail. `kind` says what it is, `state` what became of it, `can_send` whether it may be tried
    again."""

    mail: MailRow
    kind: str
    state: Status
    can_send: bool
