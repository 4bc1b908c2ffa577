"""What the command channel adds to a node's page: the button beside each service, and what was ordered lately."""

from collections.abc import Mapping

from starlette.requests import Request

from netops.center.commands import queries, views
from netops.center.nodes.state import NodeState
from shared.i18n import gettext as _
from shared.web.parts import Link, TableView


async def order_links(request: Request, node: NodeState) -> Mapping[str, Link]:
    """By service: restart what runs, start what does not; only what the person may order and the node allows."""
    rights = await queries.rights_of(request.state.account.id)
    links = {service.name: views.restart_link(node, rights, service.name) for service in node.services}
    return {name: link for name, link in links.items() if link is not None}


async def commands_of(node: str) -> TableView:
    """The newest commands of a node."""
    return views.commands_table(
        "commands", _("Commands"), await queries.latest(node), _("Nothing was ordered at this node yet.")
    )
