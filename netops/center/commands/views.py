"""Rows -> what pages show of commands."""

from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from netops.center.commands import rules
from netops.center.commands.forms import MEBIBYTE
from netops.center.commands.models import NodeCommand
from netops.center.commands.pages import CommandPage, ConfirmPage
from netops.center.commands.queries import RightRow, places
from netops.center.commands.results import arguments_shown, result_shown
from netops.center.commands.words import (
    EXPLAINED,
    NO_ANSWER,
    NODE_VERBS,
    PASSED_OVER,
    SERVES_BRANCH,
    SERVICE_VERBS,
    STATE_KEYS,
    UNANSWERED_INVITATION,
    WORDS,
)
from netops.center.nodes.queries import node_view
from netops.center.nodes.state import Fleet, NodeState
from netops.center.settings import CenterSettings
from netops.center.standby.places import why_not
from netops.center.standby.rules import Advice
from shared import clock
from shared.i18n import gettext as _
from shared.nodes.command import INVITE_ACTION, SERVES_ITSELF, STANDBY_ACTION, UNANSWERED, VERBS
from shared.nodes.report import ServiceState
from shared.web.filters import duration
from shared.web.forms import Form
from shared.web.parts import Column, Empty, Field, Link, Option, Row, Status, TableView


def verb_label(verb: str) -> str:
    return _(WORDS[verb].label) if verb in WORDS else verb


def named(verb: str, service: str) -> str:
    """The command with the service that it is about: 'Fetch log lines of web'; its label alone where it is about none."""
    words = WORDS.get(verb)
    return _(words.named, service=service) if service and words and words.named else verb_label(verb)


def ask_url(node: str, verb: str, service: str = "") -> str:
    """The confirm page of a command."""
    query = {"verb": verb, "service": service} if service else {"verb": verb}
    return f"/nodes/{node}/commands/new?{urlencode(query)}"


def commands_table(
    key: str, caption: str, rows: Sequence[NodeCommand], nothing: str, *, is_over: bool = False
) -> TableView:
    """Commands as rows; until when one is valid matters while it may still be taken."""
    return TableView(
        key=key,
        caption=caption,
        columns=[
            Column("at", _("When"), "instant", phone="head"),
            Column("verb", _("Command"), "link", phone="second", is_short=True),
            Column("node", _("Node"), phone="second", is_short=True),
            Column("service", _("Service"), is_short=True),
            Column("state", _("State"), "status", phone="second"),
            Column("by", _("Ordered by"), is_short=True),
            Column("reason", _("Reason")),
            *([] if is_over else [Column("expires", _("Valid until"), "instant")]),
        ],
        rows=[
            Row(
                {
                    "at": row.requested_at,
                    "verb": Link(verb_label(row.verb), f"/commands/{row.id}"),
                    "node": row.node,
                    "service": row.args.get("service") or row.args.get("action"),
                    "state": Status(STATE_KEYS[row.state]),
                    "by": row.requested_by,
                    "reason": row.reason,
                    "expires": row.expires_at,
                },
                id=row.id,
            )
            for row in rows
        ],
        empty=Empty("nothing", nothing),
        shows_caption=True,
    )


def rights_table(rows: Sequence[RightRow]) -> TableView:
    return TableView(
        key="rights",
        caption=_("Who may order what"),
        columns=[
            Column("account", _("User"), phone="head"),
            Column("verb", _("Command"), phone="second"),
            Column("place", _("Node or branch"), phone="second"),
            Column("service", _("Service")),
        ],
        rows=[
            Row(
                {
                    "account": row.account,
                    "verb": _("all commands") if row.right.verb == "*" else row.right.verb,
                    "place": _("all nodes") if row.right.place == "*" else row.right.place,
                    "service": _("all services") if row.right.service == "*" else row.right.service,
                }
            )
            for row in rows
        ],
        empty=Empty(
            "nothing",
            _("Nobody may order anything yet. An administrator grants rights on the center's machine."),
        ),
        shows_caption=True,
    )


def service_named(node: NodeState, service: str) -> ServiceState | None:
    return next((found for found in node.services if found.name == service), None)


def instance_of(node: NodeState, service: str) -> str:
    """The instance that runs now, as the node last reported; "" when none does."""
    found = service_named(node, service)
    return found.instance if found else ""


def may_take_over(node: NodeState) -> bool:
    """Whether it is a standby, or its node file has an action of its own that could make it one."""
    return node.hello is not None and bool(node.hello.standby_of or set(node.hello.actions) - {INVITE_ACTION})


def is_possible(node: NodeState, rights: Sequence[rules.Right], verb: str, service: str = "") -> bool:
    """Whether it could be ordered: the person may, the node allows it, and there is something to act on."""
    allowed = node.hello.allowed if node.hello else []
    if not rules.may_order(rights, verb, places(node.name, node.branch), service) or not rules.is_offered(
        allowed, verb, service
    ):
        return False
    if verb == "service.start" and node.is_promoted and node.hello and service in node.hello.followers:
        return False
    if verb == "standby.invite" and not (node.hello and INVITE_ACTION in node.hello.actions):
        return False
    if verb == "standby.pair" and not (node.hello and node.hello.standby_of):
        return False
    if verb == "standby.promote" and not may_take_over(node):
        return False
    return not VERBS[verb].needs_instance or bool(instance_of(node, service))


def service_orders(node: NodeState, rights: Sequence[rules.Right]) -> list[tuple[str, Sequence[Link]]]:
    """Per service of the node the commands that may be ordered for it."""
    found = []
    for name in (service.name for service in node.services):
        links = [
            Link(verb_label(verb), ask_url(node.name, verb, name))
            for verb in SERVICE_VERBS
            if is_possible(node, rights, verb, name)
        ]
        found.append((name, links))
    return found


def node_orders(node: NodeState, fleet: Fleet, rights: Sequence[rules.Right]) -> list[Link]:
    """What may be ordered for the node itself, and makes sense now."""
    return [
        Link(verb_label(verb), ask_url(node.name, verb))
        for verb in NODE_VERBS
        if is_possible(node, rights, verb) and why_not(node, fleet, verb) is None
    ]


def not_now(node: NodeState, fleet: Fleet, rights: Sequence[rules.Right]) -> list[tuple[str, str]]:
    """What else might be ordered there, but makes no sense as the node stands now: the command, and why not."""
    found = ((verb, why_not(node, fleet, verb)) for verb in NODE_VERBS if is_possible(node, rights, verb))
    return [(verb_label(verb), _(why, **why.params)) for verb, why in found if why is not None]


def restart_link(node: NodeState, rights: Sequence[rules.Right], service: str) -> Link | None:
    """The button of the node page: restart what runs, or start what does not."""
    for verb in ("service.restart", "service.start"):
        if is_possible(node, rights, verb, service):
            return Link(verb_label(verb), ask_url(node.name, verb, service))
    return None


def standby_advice(standby: NodeState) -> list[str]:
    """What the standby itself says of its primary."""
    silent = standby.state.primary_silent_seconds if standby.state else None
    if standby.hello is None or not standby.hello.standby_of or silent is None:
        return []
    if silent == 0:
        return [_("The standby itself reaches %(node)s.", node=standby.hello.standby_of)]
    return [
        _(
            "The standby itself has not reached %(node)s for %(time)s.",
            node=standby.hello.standby_of,
            time=duration(silent),
        )
    ]


def promotion_advice(standby: NodeState, fleet: Fleet) -> list[str]:
    """How long the center has not heard of the branch's other nodes: the person decides with two of three in view."""
    now, lines = clock.now(), standby_advice(standby)
    for node in fleet.of_branch(standby.branch) if standby.branch else []:
        if node.name != standby.name:
            silent = None if node.received_at is None else (now - node.received_at).total_seconds()
            advice = Advice(node.name, silent, None)
            if silent is None:
                text = _("%(node)s was never heard of here.", node=node.name)
            elif advice.votes:
                text = _(
                    "%(node)s has not been heard of for %(time)s: the center takes it for gone.",
                    node=node.name,
                    time=duration(int(silent)),
                )
            else:
                text = _(
                    "%(node)s was heard of %(time)s ago: it is not gone. Stop it first.",
                    node=node.name,
                    time=duration(max(1, int(silent))),
                )
            lines.append(text)
    return lines


def confirm_page(
    node: NodeState, verb: str, service: str, form: Form[Any], settings: CenterSettings, fleet: Fleet
) -> ConfirmPage:
    view = node_view(node, clock.now(), settings)
    words, is_silent = WORDS[verb], view.contact == "silent"
    consequences = [_(words.note)]
    running = service_named(node, service)
    if verb == "service.restart" and running:
        consequences.append(
            _(
                "%(count)s starts in the last ten minutes; after five it counts as a crash loop.",
                count=running.starts_in_window,
            )
        )
    if verb == "standby.promote":
        consequences += promotion_advice(node, fleet)
    if is_silent:
        consequences.append(
            _("The node is silent. The command waits here until it is back, and no longer than you say.")
        )
    return ConfirmPage(
        title=_(words.title, service=service, node=node.name),
        verb=verb,
        verb_label=named(verb, service),
        node=node.name,
        consequences=consequences,
        fields=[*verb_fields(node, verb), *lifetime_fields(is_silent), *step_up_fields(verb)],
        needs_step_up=rules.needs_approval(verb),
        is_danger=verb.startswith(("service.stop", "process.", "standby.", "node.")),
        form=form,
    )


def verb_fields(node: NodeState, verb: str) -> list[Field]:
    """The boxes of a verb's own arguments."""
    names = list(node.hello.actions) if node.hello else []
    if node.hello and node.hello.standby_of and verb == "standby.promote":
        names.insert(0, STANDBY_ACTION)
    actions = [Option(name, name) for name in names]
    known = {
        "with_dependants": Field("with_dependants", _("Restart what depends on it, too"), "tick"),
        "queue": Field(
            "queue", _("Job queue"), hint=_("Name of the queue, such as default or imports."), width="m"
        ),
        "level": Field(
            "level",
            _("Level"),
            "select",
            options=[Option(name, name) for name in ("DEBUG", "INFO", "WARNING", "ERROR")],
        ),
        "lines": Field("lines", _("Number of lines"), "number", width="s"),
        "cpu_percent": Field(
            "cpu_percent",
            _("CPU"),
            "number",
            unit="%",
            hint=_("100 is one core."),
            is_optional=True,
            width="s",
        ),
        "memory_mib": Field("memory_mib", _("Memory"), "number", unit="MiB", is_optional=True, width="s"),
        "pid": Field("pid", _("Process number"), "number", width="s"),
        "created_us": Field(
            "created_us", _("Created at"), "number", hint=_("Microseconds since 1970, from the snapshot.")
        ),
        "signal": Field(
            "signal", _("Signal"), "select", options=[Option(name, name) for name in ("TERM", "KILL")]
        ),
        "action": Field("action", _("Action of the node file"), "select", options=actions),
        "invitation": Field(
            "invitation",
            _("Invitation"),
            hint=_("The whole text that begins with tla1."),
            width="full",
            max_length=200,
        ),
        "public_key": Field("public_key", _("Public key"), width="l"),
        "key_id": Field("key_id", _("Key id"), width="m"),
    }
    return [known[name] for name in WORDS[verb].fields]


def lifetime_fields(is_silent: bool) -> list[Field]:
    """How long the command may be on its way; a silent node can only be waited for."""
    options = (
        []
        if is_silent
        else [
            Option("now", _("Now or never"), _("If the node does not take it within a minute, it expires."))
        ]
    )
    options.append(Option("until", _("When the node is back, until")))
    return [
        Field("lifetime", _("Validity"), "radio", options=options),
        Field(
            "until",
            _("At the latest"),
            hint=_("Date and time such as 2026-11-22 14:05; empty: one day."),
            is_optional=True,
            width="m",
        ),
    ]


def step_up_fields(verb: str) -> list[Field]:
    if not rules.needs_approval(verb):
        return []
    return [
        Field("password", _("Your password, once more"), "password", autocomplete="current-password"),
        Field("code", _("Code of your app"), is_optional=True, width="s", autocomplete="one-time-code"),
    ]


def next_steps(row: NodeCommand, reader: UUID, fleet: Fleet) -> list[Link]:
    """After an invitation: the standbys of that node, for whom it was ordered by."""
    if row.verb != "standby.invite" or row.state != "done" or row.requested_by_id != reader:
        return []
    standbys = (node.name for node in fleet if node.hello and node.hello.standby_of == row.node)
    return [
        Link(
            _("Pair %(node)s with it", node=name),
            f"{ask_url(name, 'standby.pair')}&{urlencode({'of': row.id})}",
        )
        for name in standbys
    ]


def command_page(row: NodeCommand, reader: UUID, form: Form[Any], fleet: Fleet) -> CommandPage:
    by_code = {
        "command.no_answer": NO_ANSWER,
        "command.passed_over": PASSED_OVER,
        UNANSWERED: UNANSWERED_INVITATION,
        SERVES_ITSELF: SERVES_BRANCH,
    }
    explained = by_code.get(row.code) or EXPLAINED.get(row.state, "")
    service = str(row.args.get("service", ""))
    return CommandPage(
        id=row.id,
        title=named(row.verb, service),
        node=row.node,
        state=STATE_KEYS[row.state],
        explained=_(explained) if explained else "",
        reason=row.reason,
        requested_by=row.requested_by,
        approved_by=row.approved_by,
        steps=[
            (_("Ordered at"), row.requested_at),
            (_("Signed by the center"), row.issued_at),
            (_("Handed to the node"), row.sent_at),
            (_("Accepted by the node"), row.accepted_at),
            (_("Ended"), row.ended_at),
        ],
        expires_at=row.expires_at,
        code="" if row.code in by_code else row.code,
        detail="" if row.code in by_code else row.detail,
        result=result_shown(row.result, with_secrets=row.requested_by_id == reader),
        arguments=arguments_shown(row.args),
        is_over=row.state in rules.ENDED and row.state != "unknown",
        again_url=f"/nodes/{row.node}/commands/new?again={row.id}" if is_repeatable(row) else "",
        may_cancel=rules.may_move(row.state, "cancelled") and row.sent_at is None,
        asks_approval=row.state == "approval" and row.requested_by_id != reader,
        next_steps=next_steps(row, reader, fleet),
        form=form,
    )


def is_repeatable(row: NodeCommand) -> bool:
    """Whether the same may be asked for once more; keys are rotated by their own order."""
    return row.state in rules.ENDED and row.verb in (*SERVICE_VERBS, *NODE_VERBS)


def again_form(row: NodeCommand) -> dict[str, Any]:
    """What the boxes show when a command is ordered once more: its arguments and its reason."""
    args = {name: value for name, value in row.args.items() if name not in rules.SECRET_VALUES}
    typed = {name: value for name, value in args.items() if value is not None and name != "memory_bytes"}
    if row.args.get("memory_bytes"):
        typed["memory_mib"] = row.args["memory_bytes"] // MEBIBYTE
    return typed | {"reason": row.reason}
