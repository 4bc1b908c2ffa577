"""What the JSON API of every feature shares: reading a body, pages of a list, ids and money as text."""

from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec
from pydantic import BaseModel, ValidationError
from starlette.requests import Request
from starlette.responses import Response

from branch_node.lists import Cut
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import Money, format_plain
from shared.web.endpoint import refuse_nul
from shared.web.forms import MESSAGES, OTHERWISE, FormModel, read_query
from shared.web.responses import json_answer

M = TypeVar("M", bound=BaseModel)
F = TypeVar("F", bound=FormModel)


async def read_json(request: Request, model: type[M]) -> M:
    """The body as `model`. Invalid, with the first message of each field, when it cannot be taken: also for bytes that are
    no UTF-8, and for lists in lists without end."""
    body = await request.body()
    if b"\\u0000" in body:
        refuse_nul("\0")
    try:
        return model.model_validate(msgspec.json.decode(body))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        raise Invalid(N_("The body is not JSON."), code="json.unreadable") from None
    except ValidationError as wrong:
        fields: dict[str, str] = {}
        for error in wrong.errors(include_url=False, include_input=False):
            name = str(error["loc"][0]) if error["loc"] else "body"
            context = dict(error.get("ctx", {}))
            msgid = context.pop("msgid", None) or MESSAGES.get(error["type"], OTHERWISE)
            fields.setdefault(name, Text(msgid, **context))
        raise Invalid(fields=fields) from None


def with_query_form(request: Request, model: type[F]) -> F:
    """The filters in the address; Invalid, naming each wrong one."""
    return read_query(request, model).checked


def money(amount: Money | None) -> Mapping[str, str] | None:
    """An amount as decimal text with its currency."""
    if amount is None:
        return None
    return {"amount": format_plain(amount.minor, amount.currency), "currency": amount.currency}


def page_of(rows: Sequence[Any], cut: Cut[Any]) -> Response:
    """A page of a list: rows, and the cursors of its neighbours for ?after= and ?before=."""
    return json_answer({"rows": rows, "next": cut.next or None, "previous": cut.previous or None})


PAGE_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "required": ["rows"],
    "properties": {
        "rows": {"type": "array", "items": {"type": "object"}},
        "next": {"type": ["string", "null"], "description": "Cursor of the next page, for ?after="},
        "previous": {"type": ["string", "null"], "description": "Cursor of the page before, for ?before="},
    },
}
ROW_SCHEMA: Mapping[str, Any] = {"type": "object"}
