"""Staff in the JSON API, to be read: who works here, one of them, departments."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, page_of, with_query_form
from branch_node.lists import paging
from branch_node.requests import path_id
from branch_node.staff import queries
from branch_node.staff.forms import StaffQuery
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Route

NAMES = (
    "id", "branch", "number", "name", "email", "phone", "position", "department_id", "manager_id", "active", "hired_on",
    "left_on", "discount_limit_bp", "revision",
)  # fmt: skip


async def list_staff(request: Request) -> Response:
    wanted = with_query_form(request, StaffQuery)
    pages = paging(request.query_params, queries.STAFF_SORTS, "name")
    cut = await queries.staff_page(request.state.person, pages, wanted.q, with_left=wanted.left == "1")
    return page_of(
        [{**vars(row), "roles": row.roles.split(",") if row.roles else []} for row in cut.rows], cut
    )


async def show_employee(request: Request) -> Response:
    """One employee with the codes of the roles and where he or she worked, newest first."""
    row = await queries.employee_for(request.state.person, path_id(request))
    found: dict[str, Any] = {name: getattr(row, name) for name in NAMES}
    found["roles"] = (await queries.roles_of([row.id])).get(row.id, [])
    found["assignments"] = [
        {
            "from_on": one.happened_on,
            "until_on": one.until_on,
            "department_id": one.department_id,
            "manager_id": one.manager_id,
            "position": one.position,
        }
        for one in await queries.assignments_of(row.id)
    ]
    return json_answer(found)


async def list_departments(_request: Request) -> Response:
    rows = [
        {
            "id": row.id,
            "name": row.name,
            "kind": row.kind,
            "parent_id": row.parent_id,
            "manager_id": row.manager_id,
            "active": row.active,
        }
        for row in await queries.departments()
    ]
    return json_answer({"rows": rows, "next": None, "previous": None})


ROUTES = [
    Route(
        "GET", "/api/v1/staff", list_staff, "staff.view",
        api=ApiDoc("Who works at the branch.", query=StaffQuery, response=PAGE_SCHEMA),
    ),
    Route(
        "GET", "/api/v1/staff/{id}", show_employee, "staff.view",
        api=ApiDoc("One employee with roles and assignments.", response=ROW_SCHEMA, errors=(404,)),
    ),
    Route(
        "GET", "/api/v1/departments", list_departments, "staff.view",
        api=ApiDoc("The departments of the branch, closed ones last.", response=PAGE_SCHEMA),
    ),
]  # fmt: skip
