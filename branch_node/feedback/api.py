"""Feedback and complaints in the JSON API: list, one, enter, assign, answer, close, reopen."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, page_of, read_json, with_query_form
from branch_node.customers.queries import standing_customer
from branch_node.feedback import actions, queries
from branch_node.feedback.forms import AnswerForm, AssignForm, FeedbackForm, ListForm
from branch_node.lists import paging
from branch_node.requests import path_id
from branch_node.staff.queries import employee_for
from shared.records import Feedback
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

NAMES = (
    "id", "branch", "customer_id", "owner_id", "department_id", "assigned_to", "kind", "level", "happened_on", "subject",
    "text", "status", "answer", "answered_at", "closed_at", "revision",
)  # fmt: skip


def feedback_json(row: Feedback) -> dict[str, Any]:
    return {name: getattr(row, name) for name in NAMES}


async def list_feedback(request: Request) -> Response:
    wanted = with_query_form(request, ListForm)
    pages = paging(request.query_params, queries.SORTS, "-day")
    cut = await queries.feedback_page(request.state.person, wanted, pages, only_open=False)
    return page_of([vars(row) for row in cut.rows], cut)


async def found(request: Request, action: str = "feedback.view") -> Feedback:
    return await queries.feedback_for(request.state.person, path_id(request), action)


async def show_feedback(request: Request) -> Response:
    return json_answer(feedback_json(await found(request)))


async def enter_feedback(request: Request) -> Response:
    person = request.state.person
    body = await read_json(request, FeedbackForm)
    customer = await standing_customer(person, body.customer_id) if body.customer_id else None
    return json_answer(feedback_json(await actions.enter_feedback(person, body, customer)), status=201)


async def assign_feedback(request: Request) -> Response:
    row = await found(request, "feedback.handle")
    body = await read_json(request, AssignForm)
    employee = await employee_for(request.state.person, body.to_id)
    return json_answer(feedback_json(await actions.assign_feedback(request.state.person, row, employee)))


async def answer_feedback(request: Request) -> Response:
    row = await found(request, "feedback.edit")
    body = await read_json(request, AnswerForm)
    return json_answer(feedback_json(await actions.answer_feedback(request.state.person, row, body.answer)))


async def close_feedback(request: Request) -> Response:
    row = await found(request, "feedback.handle")
    return json_answer(feedback_json(await actions.close_feedback(request.state.person, row)))


async def reopen_feedback(request: Request) -> Response:
    row = await found(request, "feedback.handle")
    return json_answer(feedback_json(await actions.reopen_feedback(request.state.person, row)))


ROUTES = [
    Route(
        "GET", "/api/v1/feedback", list_feedback, "feedback.view",
        api=ApiDoc("Feedback within reach, and what is assigned to oneself.", query=ListForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/feedback", enter_feedback, "feedback.edit",
        api=ApiDoc("Enter what a customer said.", body=FeedbackForm, response=ROW_SCHEMA, status=201, errors=(404, 422)),
    ),
    Route(
        "GET", "/api/v1/feedback/{id}", show_feedback, "feedback.view",
        api=ApiDoc("One feedback with its answer.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/feedback/{id}/assign", assign_feedback, "feedback.handle",
        api=ApiDoc("Name who takes care of it.", body=AssignForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/feedback/{id}/answer", answer_feedback, "feedback.edit",
        api=ApiDoc("Record what the customer was answered.", body=AnswerForm, response=ROW_SCHEMA, errors=(404, 409, 422)),
    ),
    Route(
        "POST", "/api/v1/feedback/{id}/close", close_feedback, "feedback.handle",
        api=ApiDoc("Close an answered feedback.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
    Route(
        "POST", "/api/v1/feedback/{id}/reopen", reopen_feedback, "feedback.handle",
        api=ApiDoc("Open a feedback again.", response=ROW_SCHEMA, errors=(404, 409)),
    ),
]  # fmt: skip
