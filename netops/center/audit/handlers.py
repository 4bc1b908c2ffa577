"""The page of the audit."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from netops.center.audit import queries
from netops.center.audit.models import NodeAudit
from netops.center.audit.pages import AuditPage
from netops.center.commands.views import named
from netops.center.models import AuditEntry
from shared.digits import whole_number
from shared.errors import Invalid
from shared.i18n import N_, known_text, ngettext
from shared.i18n import gettext as _
from shared.web.parts import AuditRow, Column, Empty, Row, Status, TableView
from shared.web.responses import page

ACTIONS = {
    "command.request": N_("ordered: %(what)s on %(subject)s"),
    "command.approve": N_("approved: %(what)s on %(subject)s"),
    "command.cancel": N_("took back: %(what)s on %(subject)s"),
    "command.accepted": N_("accepted: %(what)s"),
    "command.done": N_("carried out: %(what)s"),
    "command.failed": N_("could not carry out: %(what)s"),
    "command.refused": N_("refused: %(what)s"),
    "command.expired": N_("expired: %(what)s on %(subject)s"),
    "command.unknown": N_("does not know what became of: %(what)s"),
    "command.unanswered": N_("had no answer to: %(what)s on %(subject)s"),
    "right.grant": N_("granted %(subject)s a right to order"),
    "right.withdraw": N_("withdrew a right to order from %(subject)s"),
    "audit.broken": N_("found the audit of %(subject)s broken"),
    "audit.accept": N_("accepted the audit of %(subject)s anew"),
    "node.enrol": N_("enrolled node %(subject)s"),
    "node.edit": N_("changed where node %(subject)s stands"),
    "node.revoke": N_("revoked node %(subject)s"),
    "node.key": N_("changed the key of node %(subject)s"),
    "token.make": N_("made an enrolment token for %(subject)s"),
    "keys.rotate": N_("rotated the command key"),
    "account.unlinked": N_("took the company's sign-in off the account %(subject)s"),
    "account.linkable": N_("allowed the company's sign-in for the account %(subject)s"),
    "incident.acknowledge": N_("acknowledged %(subject)s"),
    "incident.assign": N_("assigned %(subject)s"),
    "incident.snooze": N_("snoozed %(subject)s"),
    "incident.escalate": N_("escalated %(subject)s"),
    "incident.note": N_("wrote a note on %(subject)s"),
    "maintenance.make": N_("planned maintenance of %(subject)s"),
    "maintenance.change": N_("changed the maintenance of %(subject)s"),
    "maintenance.end": N_("ended the maintenance of %(subject)s"),
    "rule.make": N_("made the rule %(subject)s"),
    "rule.change": N_("changed the rule %(subject)s"),
    "rule.delete": N_("deleted the rule %(subject)s"),
    "channel.add": N_("added the channel %(subject)s"),
    "channel.remove": N_("removed the channel %(subject)s"),
    "channel.test": N_("tested the channel %(subject)s"),
}
NODE_STATES = {"equal": "ok", "behind": "delayed", "broken": "failed"}


async def show_audit(request: Request) -> Response:
    """Who did what. The chain of what is shown is checked each time."""
    subject = request.query_params.get("node", "")
    before = whole_number(request.query_params.get("before", ""))
    if before is None and "before" in request.query_params:
        raise Invalid()
    rows, has_more = await queries.newest(before, subject)
    broken = None if subject else await queries.broken_among(rows)
    nodes = await queries.nodes()
    older = f"/audit?node={subject}&before={rows[-1].seq}" if has_more else ""
    return page(
        request,
        "audit/list.html",
        AuditPage(
            rows=[audit_row(row, broken, is_checked=not subject) for row in rows],
            subject=subject,
            broken_at=broken,
            nodes=nodes_table(nodes),
            equal_unlisted=await queries.count_of_nodes() - len(nodes),
            older_url=older,
        ),
    )


def audit_row(row: AuditEntry, broken: int | None, *, is_checked: bool) -> AuditRow:
    facts = row.facts
    what = named(str(facts.get("verb", "")), str(facts.get("args", {}).get("service", "")))
    sentence, subject = ACTIONS.get(row.action), subject_of(row)
    return AuditRow(
        at=row.at,
        who=row.actor,
        text=_(sentence, what=what, subject=subject) if sentence else f"{row.action} {subject}",
        reason=known_text(row.reason),
        is_chained=(broken is None or row.seq < broken) if is_checked else None,
    )


def subject_of(row: AuditEntry) -> str:
    """What an entry is about, for a reader: an order at many nodes has one entry, rules that the center brought are known."""
    if row.subject == "*":
        return _("all nodes")
    if isinstance(ordered := row.facts.get("commands"), dict):
        return ngettext("%(n)s node", "%(n)s nodes", len(ordered))
    return known_text(row.subject)


def nodes_table(rows: Sequence[NodeAudit]) -> TableView:
    return TableView(
        key="node-audits",
        caption=_("The nodes' own audits, compared with what they reported"),
        columns=[
            Column("node", _("Node"), phone="head"),
            Column("state", _("Compared"), "status", phone="second"),
            Column("count", _("Entries proved"), "number"),
            Column("at", _("Last compared"), "instant"),
            Column("detail", _("What is wrong")),
        ],
        rows=[
            Row(
                {
                    "node": row.node,
                    "state": Status(NODE_STATES[row.state]),
                    "count": row.proved_count,
                    "at": row.checked_at,
                    "detail": known_text(row.detail) or None,
                }
            )
            for row in rows
        ],
        empty=Empty("nothing", _("No node has reported an audit yet.")),
        shows_caption=True,
    )
