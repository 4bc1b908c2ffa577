"""What a site tells the frame: its name, menu, status line and palette."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

from starlette.requests import Request

from shared.permissions import Person
from shared.web.parts import Action
from shared.web.reader import is_open
from shared.web.routing import SIGNED_IN, Permission


@dataclass(frozen=True)
class MenuItem:
    """An entry of the main menu. `label` is a msgid; `key` the letter that follows g; `icon` a sprite name."""

    label: str
    url: str
    permission: Permission = SIGNED_IN
    icon: str = "list-check"
    key: str = ""
    on_phone: bool = False
    in_more: bool = False

    def is_for(self, person: Person | None) -> bool:
        """Whether this person may open the page behind it."""
        return is_open(self.permission, person)

    def is_at(self, path: str) -> bool:
        """Whether `path` lies below this entry."""
        return path == self.url or (self.url != "/" and path.startswith(self.url + "/"))


@dataclass(frozen=True)
class Notice:
    """One sentence of the status line. `tone` is muted, warn or bad."""

    text: str
    tone: str = "muted"
    url: str = ""
    link: str = ""


@dataclass(frozen=True)
class PaletteHit:
    """One row of the palette: `group` is a translated heading such as 'Customers'."""

    group: str
    label: str
    url: str
    note: str = ""


Notices = Callable[[Request], Awaitable[Sequence[Notice]]]
Unread = Callable[[Person], Awaitable[int]]
Audited = Callable[[Person, str, str], Awaitable[object]]
Tools = Callable[[Request], Sequence[Action]]
PaletteSource = Callable[[Request, str], Awaitable[Sequence[PaletteHit]]]


@dataclass(frozen=True)
class Site:
    """The frame of a site. `name` is a msgid, `scope` what its figures cover ("Shanghai", "All branches").
    `unread` counts the messages behind the bell in the bar, which leads to `unread_url`. `tools` are what may be done with
    any page, in the head of it. `audited` writes into the site's own audit trail what a person did with an account, given
    the act and the user name, inside the transaction of it."""

    code: str
    name: str
    scope: str = ""
    menu: Sequence[MenuItem] = ()
    timezone: str = "Asia/Shanghai"
    base_currency: str = "CNY"
    version: str = ""
    node: str = ""
    helper: str = ""
    notices: Notices | None = None
    unread: Unread | None = None
    unread_url: str = ""
    tools: Tools | None = None
    audited: Audited | None = None
    palette: Sequence[PaletteSource] = field(default_factory=tuple)

    def menu_for(self, person: Person | None) -> list[MenuItem]:
        return [item for item in self.menu if item.is_for(person)]
