"""The main menu of the center."""

from shared.i18n import N_
from shared.web.site import MenuItem

MENU = [
    MenuItem(N_("Fleet"), "/", "node.view", "server", "f", on_phone=True),
    MenuItem(N_("Incidents"), "/incidents", "node.view", "bell", "i", on_phone=True),
    MenuItem(N_("Logs"), "/logs", "node.view", "list-check", "l", on_phone=True),
    MenuItem(N_("Commands"), "/commands", "node.view", "send", "c", on_phone=True),
    MenuItem(N_("Recovery"), "/recovery", "node.view", "refresh", "r"),
    MenuItem(N_("Audit"), "/audit", "audit.view", "history", "a"),
    MenuItem(N_("Alert rules"), "/rules", "node.view", "filter", "u", in_more=True),
    MenuItem(N_("Maintenance"), "/maintenance", "node.view", "tool", "m", in_more=True),
    MenuItem(N_("Channels"), "/channels", "node.control", "mail", in_more=True),
    MenuItem(N_("Enrol nodes"), "/enrol", "node.control", "plus", "e", in_more=True),
    MenuItem(N_("Status"), "/status", "node.view", "circle-check", in_more=True),
]
