"""The part of an instalment's page that is about reminders."""

from datetime import timedelta
from typing import Any

from branch_node.dunning import queries
from branch_node.dunning.pages import Panel
from branch_node.home import today
from shared.permissions import Person
from shared.records import Receivable
from shared.web.forms import Form, empty_form


async def panel_of(
    person: Person,
    row: Receivable,
    remaining_minor: int,
    promise_form: Form[Any] | None = None,
    dispute_form: Form[Any] | None = None,
) -> Panel:
    """Promises, dispute and notices of an instalment; forms only for who may record them."""
    return Panel(
        await queries.promises_of(row.id),
        await queries.notices_of(row.id),
        row.disputed_at is not None,
        row.dispute_reason,
        remaining_minor > 0,
        person.may("receivable.edit"),
        promise_form or empty_form(promised_on=today() + timedelta(days=7)),
        dispute_form or empty_form(),
    )
