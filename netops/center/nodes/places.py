"""Who has a node's place, or whose place it has, in words: a fenced node says what it is and what to do."""

from __future__ import annotations

from netops.center.nodes.pages import PlacePart
from netops.center.nodes.queries import NodeView
from netops.center.standby.places import Standing
from shared.i18n import gettext as _
from shared.web.parts import Link


def place_lost(stands: Standing) -> str:
    """In one line: who has its place."""
    if stands.successor:
        return _("%(standby)s took its place; nothing counts that is written here", standby=stands.successor)
    return _("another node took its place; nothing counts that is written here")


def place_of(view: NodeView) -> PlacePart | None:
    """What a node's page says of its place; nothing while it has the one it always had."""
    stands = view.stands
    if stands.is_replaced:
        return PlacePart(
            fact=_("%(standby)s took the place of this node", standby=stands.successor)
            if stands.successor
            else _("Another node took the place of this one"),
            lines=[fence_line(view), *what_to_do(view)],
            other=page_of(stands.successor) if stands.successor else None,
            revoke=Link(_("Revoke this node"), f"/enrol/{view.name}/revoke"),
            is_warning=True,
        )
    if stands.took_from:
        return PlacePart(
            fact=_("This node has the place of %(node)s: it serves the branch", node=stands.took_from),
            other=page_of(stands.took_from),
        )
    return None


def page_of(name: str) -> Link:
    """The other node's page."""
    return Link(_("Open %(node)s", node=name), f"/nodes/{name}")


def fence_line(view: NodeView) -> str:
    """Whether its site knows and is read-only."""
    if any(service.is_fenced for service in view.services):
        return _("It is fenced: people can read here and write nothing. Headquarters refuses what it sends.")
    return _(
        "Its site does not know yet: until its line to headquarters is up people can still write here. Send them to the"
        " other node."
    )


def what_to_do(view: NodeView) -> list[str]:
    """What happens by itself, and what a person does then."""
    handed = _(
        "What headquarters had not seen of it is handed over by itself once its line to headquarters is up; then nothing"
        " more is needed from it."
    )
    anew = _(
        "Then set this machine up anew as a standby, with an empty database and a token of headquarters, so that the branch"
        " has one again; or revoke this node."
    )
    return [handed, anew]
