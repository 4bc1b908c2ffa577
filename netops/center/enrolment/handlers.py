"""The page where nodes are added and shut out, and the three requests by which nodes prove themselves."""

import shlex
from typing import Annotated, TypeVar

import msgspec
from pydantic import StringConstraints
from starlette.requests import Request
from starlette.responses import Response

from netops.center.commands.handlers import orderer
from netops.center.enrolment import actions
from netops.center.enrolment.pages import EnrolPage, RevokePage
from netops.center.ingest.proof import accept_once, prove
from netops.center.models import EnrolmentToken, Node
from netops.center.nodes.queries import node_named
from shared import clock
from shared.errors import Conflict, Invalid
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.nodes.enrolment import EnrolmentRequest, Greeting, NewKey, pin_of, prove_center
from shared.nodes.identity import fingerprint
from shared.web.forms import Form, FormModel, Tick, empty_form, read_form, with_error, with_errors
from shared.web.parts import Column, Confirm, Empty, Link, Row, Status, TableView
from shared.web.responses import page, redirect

T = TypeVar("T")
AGENT = ("/opt/trunkline/bin/python", "-m", "netops", "agent", "--file", "/etc/trunkline/node.toml")
"""The agent of a node, as deploy/systemd/trunkline-agent.service starts it."""


class TokenForm(FormModel):
    """What a token is bound to."""

    node: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    branch: Annotated[str, StringConstraints(max_length=16)] = ""
    role: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    replaces: Tick = False


class RevokeForm(FormModel):
    """Why, and the node's name once more."""

    reason: Annotated[str, StringConstraints(min_length=3, max_length=500)]
    typed_name: str = ""


async def show_enrolment(request: Request) -> Response:
    return await _show(request, empty_form(role="branch"))


async def _show(request: Request, form: Form[TokenForm], command: str = "", status: int = 200) -> Response:
    now = clock.now()
    nodes = await Node.all().order_by("name")
    waiting = await EnrolmentToken.filter(used_at=None, expires_at__gt=now).order_by("expires_at")
    keys = request.app.state.commands.keys
    shown = EnrolPage(
        form=form,
        command=command,
        pin=pin_of(keys.identity.public_text),
        tokens=tokens_table(waiting),
        nodes=nodes_table(nodes),
    )
    return page(request, "enrolment/show.html", shown, status=status)


async def make_token(request: Request) -> Response:
    """The token is in the answer itself, once; reading the page again does not show it."""
    form = await read_form(request, TokenForm)
    if form.errors:
        return await _show(request, form, status=422)
    by, typed = (await orderer(request)).words, form.value
    try:
        token = await actions.make_token(
            request.app.state.commands.keys, by,
            node=typed.node, branch=typed.branch, role=typed.role, replaces=typed.replaces,
        )  # fmt: skip
    except Invalid as refused:
        return await _show(request, with_errors(form, refused), status=422)
    except Conflict as refused:
        return await _show(
            request, with_error(form, "node", _(refused.message, **refused.params)), status=422
        )
    return await _show(request, form, enrolling(token, typed, str(request.base_url).rstrip("/")))


def enrolling(token: str, typed: TokenForm, url: str) -> str:
    """The command line that enrols the node, whole, of an installation as deploy/README.md describes it."""
    words = [*AGENT, "enrol", token, "--url", url, "--node", typed.node]
    words += ["--branch", typed.branch] if typed.branch else []
    return shlex.join([*words, "--role", typed.role])


async def ask_revoke(request: Request) -> Response:
    node = node_named(request.app.state.fleet, request.path_params["name"])
    return page(request, "enrolment/revoke.html", RevokePage(_question(node.name, empty_form())))


async def revoke_node(request: Request) -> Response:
    node = node_named(request.app.state.fleet, request.path_params["name"])
    form = await read_form(request, RevokeForm)
    if not form.errors and form.value.typed_name != node.name:
        form = with_error(form, "typed_name", _("Type the name exactly."))
    if form.errors:
        return page(request, "enrolment/revoke.html", RevokePage(_question(node.name, form)), status=422)
    await actions.revoke(
        (await orderer(request)).words, node.name, form.value.reason, request.app.state.fleet
    )
    return redirect("/enrol", toast=_("Node %(name)s is revoked", name=node.name))


def _question(name: str, form: Form[RevokeForm]) -> Confirm:
    return Confirm(
        title=_("Revoke node %(name)s?", name=name),
        action=f"/enrol/{name}/revoke",
        verb=_("Revoke %(name)s", name=name),
        cancel_url="/enrol",
        consequences=[
            _("Its next request is refused, and it takes no more commands."),
            _("Its services run on. To let it in again, make a token that replaces its key."),
        ],
        asks_reason=True,
        typed_name=name,
        form=form,
    )


def tokens_table(rows: list[EnrolmentToken]) -> TableView:
    return TableView(
        key="tokens",
        caption=_("Tokens that wait for their node"),
        columns=[
            Column("node", _("Node"), phone="head"),
            Column("branch", _("Branch")),
            Column("role", _("Role")),
            Column("by", _("Made by"), phone="second"),
            Column("expires", _("Valid until"), "instant", phone="second"),
        ],
        rows=[
            Row(
                {
                    "node": row.node,
                    "branch": row.branch or None,
                    "role": row.role,
                    "by": row.issued_by,
                    "expires": row.expires_at,
                }
            )
            for row in rows
        ],
        empty=Empty("nothing", _("No token is waiting.")),
        shows_caption=True,
    )


def nodes_table(rows: list[Node]) -> TableView:
    return TableView(
        key="enrolled",
        caption=_("Enrolled nodes"),
        columns=[
            Column("node", _("Node"), phone="head"),
            Column("branch", _("Branch")),
            Column("role", _("Role")),
            Column("state", _("State"), "status", phone="second"),
            Column("key", _("Fingerprint")),
            Column("since", _("Enrolled"), "instant"),
            Column("revoke", _("Do"), "link", phone="second"),
        ],
        rows=[
            Row(
                {
                    "node": row.name,
                    "branch": row.branch or None,
                    "role": row.role or None,
                    "state": Status("active" if row.status == "active" else "disabled"),
                    "key": fingerprint(row.public_key),
                    "since": row.enrolled_at,
                    "revoke": Link(_("Revoke"), f"/enrol/{row.name}/revoke")
                    if row.status == "active"
                    else None,
                }
            )
            for row in rows
        ],
        empty=Empty("nothing", _("No node has been enrolled yet.")),
        shows_caption=True,
    )


def _read(body: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.DecodeError as error:
        raise Invalid(N_("The request cannot be read.")) from error


def _json(message: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(message), media_type="application/json")


async def greet(request: Request) -> Response:
    """POST /agent/v1/enrol/hello: the center shows who it is."""
    nonce, keys = _read(await request.body(), Greeting).nonce[:200], request.app.state.commands.keys
    return _json(prove_center(keys.identity, nonce, actions.fresh_nonce(keys, nonce)))


async def enrol(request: Request) -> Response:
    """POST /agent/v1/enrol: a node with a token becomes known."""
    asked = _read(await request.body(), EnrolmentRequest)
    return _json(
        await actions.enrol_by_token(request.app.state.commands.keys, asked, request.app.state.fleet)
    )


async def take_key(request: Request) -> Response:
    """POST /agent/v1/key: a node's next key, under its present one."""
    body = await request.body()
    node, signed = await prove(request, body)
    accept_once(node, signed)
    await actions.take_new_key(node, _read(body, NewKey))
    return Response(b"{}", media_type="application/json")
