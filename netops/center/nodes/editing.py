"""Where a node stands: its role, its branch, and the node through which its line runs."""

from typing import Annotated

from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from netops.center.nodes import actions
from netops.center.nodes.pages import EditNodePage
from netops.center.nodes.queries import node_named
from netops.center.nodes.state import NodeState
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.web.forms import Form, FormModel, empty_form, read_form, with_errors
from shared.web.parts import Field, Option
from shared.web.responses import page, redirect


class NodeForm(FormModel):
    """Role, branch and what it lies behind; the last two may be empty."""

    role: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    branch: Annotated[str, StringConstraints(max_length=32)] = ""
    behind: Annotated[str, StringConstraints(max_length=64)] = ""


async def edit_node(request: Request) -> Response:
    node = node_named(request.app.state.fleet, request.path_params["name"])
    return show(request, node, empty_form(role=node.role, branch=node.branch, behind=node.behind))


def show(request: Request, node: NodeState, form: Form[NodeForm], status: int = 200) -> Response:
    """The form with what was typed."""
    others = [other.name for other in request.app.state.fleet if other.name != node.name]
    fields = [
        Field("role", _("Role"), max_length=32, width="m"),
        Field("branch", _("Branch"), is_optional=True, max_length=32, width="m"),
        Field(
            "behind",
            _("Its line runs through"),
            "select",
            options=[Option("", _("a line of its own")), *(Option(name, name) for name in others)],
            is_optional=True,
            hint=_("When that node is silent, this one is not reported on its own."),
        ),
    ]
    return page(request, "nodes/edit.html", EditNodePage(node.name, fields, form), status=status)


async def change_node(request: Request) -> Response:
    node = node_named(request.app.state.fleet, request.path_params["name"])
    form = await read_form(request, NodeForm)
    if form.errors:
        return show(request, node, form, 422)
    typed, person = form.value, request.state.person
    try:
        await actions.change(
            node.name, person.name, request.app.state.fleet,
            role=typed.role, branch=typed.branch, behind=typed.behind,
        )  # fmt: skip
    except Invalid as refused:
        return show(request, node, with_errors(form, refused), 422)
    return redirect(f"/nodes/{node.name}", toast=_("Node %(name)s was changed.", name=node.name))
