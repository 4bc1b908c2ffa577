"""Tasks in the JSON API: list, one, give, take into the plan, finish, withdraw, reopen, comment."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, page_of, read_json, with_query_form
from branch_node.customers.queries import standing_customer
from branch_node.lists import paging
from branch_node.requests import path_id
from branch_node.tasks import actions, queries
from branch_node.tasks.forms import CommentForm, TaskForm, ViewForm
from shared.records import Task
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

NAMES = (
    "id", "branch", "employee_id", "department_id", "assigned_by", "title", "details", "customer_id", "due_on", "status",
    "done_at", "comment", "revision",
)  # fmt: skip


def task_json(row: Task) -> dict[str, Any]:
    return {name: getattr(row, name) for name in NAMES}


async def list_tasks(request: Request) -> Response:
    view = with_query_form(request, ViewForm).view
    pages = paging(request.query_params, queries.SORTS, queries.default_sort(view))
    cut = await queries.task_page(request.state.person, view, pages)
    return page_of([vars(row) for row in cut.rows], cut)


async def show_task(request: Request) -> Response:
    return json_answer(task_json(await queries.task_for(request.state.person, path_id(request))))


async def give_task(request: Request) -> Response:
    person = request.state.person
    body = await read_json(request, TaskForm)
    if body.customer_id is not None:
        await standing_customer(person, body.customer_id)
    return json_answer(task_json(await actions.give_task(person, body)), status=201)


async def accept_task(request: Request) -> Response:
    """The item of today's plan that the task became."""
    person = request.state.person
    item = await actions.accept_task(person, await queries.task_for(person, path_id(request)))
    return json_answer({"id": item.id, "text": item.text, "task_id": item.task_id, "status": item.status})


async def finish_task(request: Request) -> Response:
    return await with_comment(request, actions.finish_task)


async def withdraw_task(request: Request) -> Response:
    return await with_comment(request, actions.withdraw_task)


async def reopen_task(request: Request) -> Response:
    return await with_comment(request, actions.reopen_task)


async def comment_task(request: Request) -> Response:
    return await with_comment(request, actions.comment_task)


async def with_comment(request: Request, act: Any) -> Response:
    """One move with what is said to it."""
    person = request.state.person
    task = await queries.task_for(person, path_id(request))
    body = await read_json(request, CommentForm)
    return json_answer(task_json(await act(person, task, body.comment)))


def _move(name: str, handler: Any, summary: str) -> Route:
    return Route(
        "POST", f"/api/v1/tasks/{{id}}/{name}", handler, "task.edit",
        api=ApiDoc(summary, body=CommentForm, response=ROW_SCHEMA, errors=(403, 404, 409, 422)),
    )  # fmt: skip


ROUTES = [
    Route(
        "GET", "/api/v1/tasks", list_tasks, "task.view",
        api=ApiDoc("One's own open tasks, those one gave, those within reach, finished ones.", query=ViewForm, response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/tasks", give_task, "task.edit",
        api=ApiDoc(
            "Give a task; without employee_id to oneself.", body=TaskForm, response=ROW_SCHEMA, status=201, errors=(403, 404, 422)
        ),
    ),
    Route(
        "GET", "/api/v1/tasks/{id}", show_task, "task.view",
        api=ApiDoc("One task with its comments.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "POST", "/api/v1/tasks/{id}/accept", accept_task, "task.edit",
        api=ApiDoc("Take a task into today's plan.", response=ROW_SCHEMA, errors=(403, 404, 409)),
    ),
    _move("done", finish_task, "Report a task as done."),
    _move("withdraw", withdraw_task, "Take a task back."),
    _move("reopen", reopen_task, "Open a task again."),
    _move("comment", comment_task, "Add a comment to a task."),
]  # fmt: skip
