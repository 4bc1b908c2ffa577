"""The page of what the branch decided about selling."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.home import home
from branch_node.listing import choices
from branch_node.policies import actions
from branch_node.policies.forms import CategoryForm, RuleForm, StepKindForm
from branch_node.policies.pages import PolicyPage, PolicyRow
from branch_node.policies.rules import EFFECTS, ENTITIES, WHENS
from branch_node.requests import path_id
from branch_node.staff.handlers import role_name
from shared.errors import Invalid, NotFound
from shared.i18n import active_locale
from shared.i18n import gettext as _
from shared.money import Money
from shared.records import ApprovalRule, ExpenseCategory, Role, StepKind
from shared.web import filters as show
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Option
from shared.web.responses import page, redirect

URL = "/settings/selling"


async def show_policies(request: Request) -> Response:
    return page(request, "policies/show.html", await policy_page())


async def policy_page(**forms: Form[Any]) -> PolicyPage:
    """Everything in force or switched off, with what was typed into the forms."""
    here = {"branch": home().code, "deleted_at": None}
    roles = {row.code: role_name(row) for row in await Role.filter(**here).order_by("name")}
    rules = await ApprovalRule.filter(**here).order_by("entity", "position", "name")
    steps = await StepKind.filter(**here).order_by("code")
    categories = await ExpenseCategory.filter(**here).order_by("position", "code")
    return PolicyPage(
        [PolicyRow(row.id, row.name, sentence(row, roles), row.active) for row in rules],
        [PolicyRow(row.id, kind_name(row), _(EFFECTS.get(row.effect, row.effect)), row.active, row.code) for row in steps],
        [PolicyRow(row.id, kind_name(row), "", row.active, row.code) for row in categories],
        forms.get("rule", empty_form()),
        forms.get("step", empty_form()),
        forms.get("category", empty_form()),
        choices(ENTITIES),
        choices(WHENS),
        [Option(code, name) for code, name in roles.items()],
        choices(EFFECTS),
        home().currency,
    )  # fmt: skip


def kind_name(row: StepKind | ExpenseCategory) -> str:
    """The kind's name in the reader's language."""
    return row.label_en if row.label_en and active_locale() == "en" else row.label


def sentence(row: ApprovalRule, roles: dict[str, str]) -> str:
    """'Orders: the amount is above ¥100,000.00 → Finance'."""
    limit = ""
    if row.when == "amount":
        limit = " " + show.money(Money(row.threshold, home().currency))
    elif row.when == "discount":
        limit = " " + show.percent(row.threshold)
    what = f"{_(ENTITIES[row.entity])}{_(': ')}{_(WHENS[row.when])}{limit}"
    return f"{what} → {roles.get(row.role_code, row.role_code)}"


async def add_rule(request: Request) -> Response:
    form = await read_form(request, RuleForm)
    return await saved(request, form, "rule", actions.add_rule)


async def add_step_kind(request: Request) -> Response:
    form = await read_form(request, StepKindForm)
    return await saved(request, form, "step", actions.add_step_kind)


async def add_category(request: Request) -> Response:
    form = await read_form(request, CategoryForm)
    return await saved(request, form, "category", actions.add_category)


async def saved(request: Request, form: Form[Any], name: str, act: Any) -> Response:
    """Do it, or show the page again with the messages at that form."""
    if not form.errors:
        try:
            await act(request.state.person, form.value)
        except Invalid as refused:
            form = with_errors(form, refused)
        else:
            return redirect(URL, toast=_("Saved; it holds from now on."))
    return page(request, "policies/show.html", await policy_page(**{name: form}), status=422)


async def switch(request: Request) -> Response:
    kind = request.path_params["kind"]
    if kind not in actions.MODELS:
        raise NotFound()
    is_on = await actions.switch(request.state.person, kind, path_id(request))
    return redirect(URL, toast=_("Switched on.") if is_on else _("Switched off; what exists stays."))
