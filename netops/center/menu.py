"""The main menu of the center."""

from shared.i18n import N_
from shared.web.site import MenuItem

MENU = [
    MenuItem(N_("Fleet"), "/", "node.view", "server", "f", on_phone=True),
]
