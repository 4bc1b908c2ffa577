"""Pages of commands."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands import actions, queries, rules, views
from netops.center.commands.actions import Order, Orderer
from netops.center.commands.forms import ApprovalForm, CommandForm, arguments_of, missing_fields, until_of
from netops.center.commands.pages import CommandsPage, NodeOrdersPage
from netops.center.commands.words import WORDS
from netops.center.nodes.queries import node_named, node_view
from netops.center.nodes.state import NodeState
from netops.center.standby.places import insist_sensible
from shared import clock
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, read_form, with_error, with_errors
from shared.web.me.actions import sign_in
from shared.web.responses import page, part, redirect
from shared.web.session import client_address
from shared.web.templating import with_query


async def orderer(request: Request) -> Orderer:
    """Who asks, with their rights to order."""
    account = request.state.account
    name = account.display_name or account.username
    return Orderer(account.id, f"{name} ({account.username})"[:80], await queries.rights_of(account.id))


async def show_commands(request: Request) -> Response:
    node = request.query_params.get("node", "")
    found = await queries.commands(node, request.query_params.get("before", ""))
    rights = await queries.all_rights()
    shown = CommandsPage(
        node=node,
        open=views.commands_table(
            "waiting", _("Waiting or unknown"), found.open, _("No command waits, and none is unknown.")
        ),
        ended=views.commands_table(
            "ended", _("Ended"), found.ended, _("No command has ended yet."), is_over=True
        ),
        rights=views.rights_table(rights),
        older_url=f"/commands?node={node}&before={found.older}" if found.older else "",
        live_url="" if request.query_params.get("before") else with_query("/commands", part=1),
    )
    if request.query_params.get("part"):
        return part(request, "commands/list.html", shown, block="live")
    return page(request, "commands/list.html", shown)


async def show_node_orders(request: Request) -> Response:
    """Everything that may be ordered at a node: what the person may, and what the node allows."""
    node = node_named(request.app.state.fleet, request.path_params["name"])
    view = node_view(node, clock.now(), request.app.state.settings)
    by = await orderer(request)
    return page(
        request,
        "commands/node.html",
        NodeOrdersPage(
            node=node.name,
            services=views.service_orders(node, by.rights),
            own=views.node_orders(node, request.app.state.fleet, by.rights),
            not_now=views.not_now(node, request.app.state.fleet, by.rights),
            is_silent=view.contact == "silent",
        ),
    )


async def ask_command(request: Request) -> Response:
    """The confirm page. It is a page, so that it works without scripts."""
    node = node_named(request.app.state.fleet, request.path_params["name"])
    again = request.query_params.get("again", "")
    before = await queries.command(again) if again else None
    verb, service = request.query_params.get("verb", ""), request.query_params.get("service", "")
    if before is not None:
        verb, service = before.verb, str(before.args.get("service", ""))
    if verb not in WORDS:
        raise NotFound()
    actions.insist_allowed(
        (await orderer(request)).rights, verb, queries.places(node.name, node.branch), service
    )
    insist_sensible(node, request.app.state.fleet, verb)
    silent = node_view(node, clock.now(), request.app.state.settings).contact == "silent"
    shown: dict[str, Any] = {"lines": 100, "signal": "TERM", "level": "INFO"}
    shown |= views.again_form(before) if before is not None else {}
    shown |= {"verb": verb, "service": service, "lifetime": "until" if silent else "now"}
    shown["instance"] = views.instance_of(node, service) if service else ""
    if verb == "standby.pair":
        shown["invitation"] = await invitation_of(request)
    form = empty_form(**shown)
    return await _confirm(request, node, verb, service, form)


async def invitation_of(request: Request) -> str:
    """The invitation that the command `of` brought, for whom it was ordered by; else nothing."""
    given = request.query_params.get("of", "")
    if not given:
        return ""
    row = await queries.command(given)
    return str(row.result.get("invitation", "")) if row.requested_by_id == request.state.account.id else ""


async def _confirm(
    request: Request, node: NodeState, verb: str, service: str, form: Form[Any], status: int = 200
) -> Response:
    shown = views.confirm_page(node, verb, service, form, request.app.state.settings, request.app.state.fleet)
    return page(request, "commands/confirm.html", shown, status=status)


async def order_command(request: Request) -> Response:
    node = node_named(request.app.state.fleet, request.path_params["name"])
    form = await read_form(request, CommandForm)
    verb, service = form.text("verb"), form.text("service")
    if verb not in WORDS:
        raise NotFound()
    insist_sensible(node, request.app.state.fleet, verb)
    proofs = ("password",) if rules.needs_approval(verb) else ()
    for missing in missing_fields(form, (*WORDS[verb].fields, *proofs)):
        form = with_error(form, missing, _("Enter this; it cannot be left empty."))
    if form.errors:
        return await _confirm(request, node, verb, service, form, 422)
    typed = form.value
    order = Order(
        verb=verb,
        reason=typed.reason,
        args=arguments_of(typed, WORDS[verb].fields),
        instance=typed.instance,
        lifetime=typed.lifetime,
        until=until_of(typed),
    )
    try:
        if rules.needs_approval(verb):
            await step_up(request, typed.password, typed.code)
        rows = await request.app.state.commands.order(await orderer(request), order, [node.name])
    except Invalid as refused:
        return await _confirm(request, node, verb, service, with_errors(form, refused), 422)
    return redirect(f"/commands/{rows[0].id}")


async def step_up(request: Request, password: str, code: str) -> None:
    """The person proves again who they are: a session left open is not enough to reboot a machine. Invalid, TooMany."""
    account = request.state.account
    found = await sign_in(
        request.app.state.passwords,
        request.app.state.settings,
        username=account.username,
        password=password,
        code=code,
        address=client_address(request),
    )
    if found.id != account.id:
        raise Invalid()


async def show_command(request: Request) -> Response:
    """A command; asked again by the page every two seconds until it is over."""
    row = await queries.command(request.path_params["id"])
    shown = views.command_page(row, request.state.account.id, empty_form(), request.app.state.fleet)
    if request.query_params.get("part"):
        return part(request, "commands/show.html", shown, block="live")
    return page(request, "commands/show.html", shown)


async def approve_command(request: Request) -> Response:
    row = await queries.command(request.path_params["id"])
    insist_sensible(node_named(request.app.state.fleet, row.node), request.app.state.fleet, row.verb)
    form = await read_form(request, ApprovalForm)
    if not form.errors:
        try:
            await step_up(request, form.value.password, form.value.code)
        except Invalid as refused:
            form = with_errors(form, refused)
    if form.errors:
        shown = views.command_page(row, request.state.account.id, form, request.app.state.fleet)
        return page(request, "commands/show.html", shown, status=422)
    await request.app.state.commands.approve(await orderer(request), row.id)
    return redirect(f"/commands/{row.id}")


async def cancel_command(request: Request) -> Response:
    row = await actions.cancel(await orderer(request), request.path_params["id"])
    return redirect(f"/commands/{row.id}")
