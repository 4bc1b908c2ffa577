"""The outbox in the JSON API."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, page_of, with_query_form
from branch_node.lists import paging
from branch_node.mail import actions, queries
from branch_node.mail.forms import ListForm
from branch_node.mail.queries import MailRow
from branch_node.requests import path_id
from shared.errors import Conflict
from shared.i18n import N_
from shared.web.responses import json_answer
from shared.web.routing import SIGNED_IN, ApiDoc, Route


def mail_json(row: MailRow) -> dict[str, Any]:
    """A mail without its body."""
    return {
        "id": row.id,
        "status": row.status,
        "entity": row.entity or None,
        "to_address": row.to_address,
        "to_name": row.to_name or None,
        "subject": row.subject or None,
        "about": row.about or None,
        "url": row.url or None,
        "tries": row.tries,
        "trouble": row.trouble or None,
        "created_at": row.created_at,
        "next_try_at": row.next_try_at if row.status == "waiting" else None,
        "sent_at": row.sent_at,
    }


async def list_mails(request: Request) -> Response:
    order = paging(request.query_params, queries.SORTS, "-at")
    cut = await queries.mail_page(request.state.person, with_query_form(request, ListForm), order)
    return page_of([mail_json(row) for row in cut.rows], cut)


async def show_mail(request: Request) -> Response:
    row = await queries.mail_for(request.state.person, path_id(request))
    return json_answer({**mail_json(row), "body": row.body or None})


async def send_again(request: Request) -> Response:
    row = await queries.mail_for(request.state.person, path_id(request))
    if not await actions.send_again(row.id):
        raise Conflict(
            N_("This mail did not fail. Only a failed mail is sent again."), code="mail.not_failed"
        )
    return json_answer(mail_json(await queries.mail_for(request.state.person, row.id)))


ROUTES = [
    Route(
        "GET", "/api/v1/mails", list_mails, SIGNED_IN,
        api=ApiDoc("Mails of the outbox within reach, newest first.", query=ListForm, response=PAGE_SCHEMA, errors=(422,)),
    ),
    Route(
        "GET", "/api/v1/mails/{id}", show_mail, SIGNED_IN,
        api=ApiDoc("A mail with its text.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/mails/{id}/send-again", send_again, SIGNED_IN,
        api=ApiDoc("Send a failed mail again.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
]  # fmt: skip
