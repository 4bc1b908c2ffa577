"""The main menu of the center."""

from shared.i18n import N_
from shared.web.site import MenuItem

MENU = [
    MenuItem(N_("Fleet"), "/", "node.view", "server", "f", on_phone=True),
    MenuItem(N_("Commands"), "/commands", "node.view", "send", "c", on_phone=True),
    MenuItem(N_("Audit"), "/audit", "audit.view", "history", "a"),
    MenuItem(N_("Enrol nodes"), "/enrol", "node.control", "plus", "e", in_more=True),
]
