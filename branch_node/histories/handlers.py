"""The page of a record's history."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.queries import customer_names
from branch_node.histories import queries, rules
from branch_node.histories.pages import HistoryPage
from branch_node.histories.rules import Kind
from branch_node.home import home
from branch_node.opportunities.rules import STAGES
from branch_node.requests import path_id
from branch_node.staff.queries import names_of
from shared.i18n import gettext as _
from shared.money import Money
from shared.seller_split import split_text
from shared.vocabulary import LOST_REASONS
from shared.web import filters as show
from shared.web.parts import STATUSES, AuditRow, Change, status_word
from shared.web.responses import page

CODES: Mapping[str, str] = {**{code: label for code, (label, _share) in STAGES.items()}, **LOST_REASONS}


async def show_history(request: Request) -> Response:
    """Who entered and changed it, field by field."""
    name = request.path_params["kind"]
    row_id = path_id(request)
    kind, record = await queries.record_of(request.state.person, name, row_id)
    edits = await queries.history_of(kind, row_id)
    people = await names_of(
        [edit.by for edit in edits] + ids_in(kind, edits, rules.PERSON) + sellers_in(edits)
    )
    customers = await customer_names(ids_in(kind, edits, rules.CUSTOMER))
    names = {str(key): text for key, text in {**people, **customers}.items()}
    view = HistoryPage(
        title=str(getattr(record, kind.title)),
        url=f"{kind.url}/{row_id}",
        kind=_(kind.word),
        rows=[audit_row(kind, edit, people.get(edit.by, ""), names) for edit in edits],
    )
    return page(request, "histories/history.html", view)


def ids_in(kind: Kind, edits: Sequence[queries.Edit], wanted: str) -> list[UUID | None]:
    """The ids of persons or customers that the edits name."""
    return [
        UUID(value)
        for edit in edits
        for column, before, after in edit.changes
        if kind.told[column].kind == wanted
        for value in (before, after)
        if value
    ]


def sellers_in(edits: Sequence[queries.Edit]) -> list[UUID | None]:
    """The ids of the sellers among whom an order was split."""
    splits = (
        value for edit in edits for column, *values in edit.changes if column == "split" for value in values
    )
    return [UUID(seller) for split in splits for seller, _share in split]


def audit_row(kind: Kind, edit: queries.Edit, who: str, names: Mapping[str, str]) -> AuditRow:
    text = _("entered") if edit.is_entry else _("removed") if edit.is_removal else _("changed")
    changes = [
        Change(_(kind.told[column].label), *texts_of(kind.told[column].kind, (before, after), edit, names))
        for column, before, after in edit.changes
    ]
    return AuditRow(at=edit.at, who=who or _("the system"), text=text, changes=changes)


def texts_of(kind: str, values: Iterable[Any], edit: queries.Edit, names: Mapping[str, str]) -> Sequence[str]:
    return [text_of(kind, value, edit, names) for value in values]


def text_of(kind: str, value: Any, edit: queries.Edit, names: Mapping[str, str]) -> str:
    """A stored value in words; nothing for what was empty."""
    if kind == rules.TICK:
        return _("yes") if value else _("no")
    if value is None or value == "":
        return ""
    if kind == rules.STATUS:
        return status_word(value) if value in STATUSES else str(value)
    if kind == rules.MONEY:
        return show.money(Money(int(value), edit.currency or home().currency))
    if kind == rules.SHARE:
        return show.percent(int(value))
    if kind == rules.SPLIT:
        return split_text((names.get(seller, ""), share) for seller, share in value) or _("one seller")
    if kind in (rules.PERSON, rules.CUSTOMER):
        return names.get(str(value), "")
    return _(CODES[value]) if kind == rules.CODE and value in CODES else str(value)
