"""Selling rules in the JSON API: rules of approval, kinds of steps, kinds of expenses; added, switched off and on."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.api import PAGE_SCHEMA, ROW_SCHEMA, read_json
from branch_node.home import home
from branch_node.policies import actions
from branch_node.policies.forms import CategoryForm, RuleForm, StepKindForm
from branch_node.requests import path_id
from shared.money import format_plain
from shared.records import ApprovalRule, ExpenseCategory, StepKind
from shared.web.responses import json_answer
from shared.web.routing import ApiDoc, Handler, Route


def rule_json(row: ApprovalRule) -> dict[str, Any]:
    """A rule of approval; `threshold` is an amount in the base currency, per cent, or null for one that has none."""
    threshold = None
    if row.when == "amount":
        threshold = format_plain(row.threshold, home().currency)
    elif row.when == "discount":
        threshold = f"{row.threshold // 100}.{row.threshold % 100:02d}"
    return {
        "id": row.id,
        "entity": row.entity,
        "name": row.name,
        "when": row.when,
        "threshold": threshold,
        "role_code": row.role_code,
        "position": row.position,
        "active": row.active,
    }


def step_json(row: StepKind) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "label": row.label,
        "label_en": row.label_en or None,
        "effect": row.effect,
        "active": row.active,
    }


def category_json(row: ExpenseCategory) -> dict[str, Any]:
    return {
        "id": row.id,
        "code": row.code,
        "label": row.label,
        "label_en": row.label_en or None,
        "active": row.active,
    }


async def list_rules(request: Request) -> Response:
    rows = await ApprovalRule.filter(branch=home().code, deleted_at=None).order_by(
        "entity", "position", "name"
    )
    return json_answer({"rows": [rule_json(row) for row in rows], "next": None, "previous": None})


async def list_steps(request: Request) -> Response:
    rows = await StepKind.filter(branch=home().code, deleted_at=None).order_by("code")
    return json_answer({"rows": [step_json(row) for row in rows], "next": None, "previous": None})


async def list_categories(request: Request) -> Response:
    rows = await ExpenseCategory.filter(branch=home().code, deleted_at=None).order_by("position", "code")
    return json_answer({"rows": [category_json(row) for row in rows], "next": None, "previous": None})


async def add_rule(request: Request) -> Response:
    body = await read_json(request, RuleForm)
    return json_answer(rule_json(await actions.add_rule(request.state.person, body)), status=201)


async def add_step(request: Request) -> Response:
    body = await read_json(request, StepKindForm)
    return json_answer(step_json(await actions.add_step_kind(request.state.person, body)), status=201)


async def add_category(request: Request) -> Response:
    body = await read_json(request, CategoryForm)
    return json_answer(category_json(await actions.add_category(request.state.person, body)), status=201)


def switch(kind: str) -> Handler:
    """The handler that switches a row of a kind off, or on again."""

    async def switched(request: Request) -> Response:
        return json_answer({"active": await actions.switch(request.state.person, kind, path_id(request))})

    return switched


SWITCHED_SCHEMA = {"type": "object", "required": ["active"], "properties": {"active": {"type": "boolean"}}}
_RIGHT = "settings.edit"
_SWITCH = ApiDoc("Switch it off, or on again; what exists stays.", response=SWITCHED_SCHEMA, errors=(404,))

ROUTES = [
    Route(
        "GET", "/api/v1/approval-rules", list_rules, _RIGHT,
        api=ApiDoc("When documents need a further decision.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/approval-rules", add_rule, _RIGHT,
        api=ApiDoc("Add a rule of approval.", body=RuleForm, response=ROW_SCHEMA, status=201, errors=(422,)),
    ),
    Route("POST", "/api/v1/approval-rules/{id}/switch", switch("rules"), _RIGHT, api=_SWITCH),
    Route(
        "GET", "/api/v1/step-kinds", list_steps, _RIGHT,
        api=ApiDoc("Kinds of execution steps.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/step-kinds", add_step, _RIGHT,
        api=ApiDoc("Add a kind of step.", body=StepKindForm, response=ROW_SCHEMA, status=201, errors=(422,)),
    ),
    Route("POST", "/api/v1/step-kinds/{id}/switch", switch("steps"), _RIGHT, api=_SWITCH),
    Route(
        "GET", "/api/v1/expense-categories", list_categories, _RIGHT,
        api=ApiDoc("Kinds of expenses.", response=PAGE_SCHEMA),
    ),
    Route(
        "POST", "/api/v1/expense-categories", add_category, _RIGHT,
        api=ApiDoc("Add a kind of expense.", body=CategoryForm, response=ROW_SCHEMA, status=201, errors=(422,)),
    ),
    Route("POST", "/api/v1/expense-categories/{id}/switch", switch("categories"), _RIGHT, api=_SWITCH),
]  # fmt: skip
