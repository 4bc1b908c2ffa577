"""A page without what can be pressed: forms, links, menus, tabs and live connections are gone, words and figures stay.

Pure. The pages are our own and well formed; what stands between their tags is kept as it is, escaped as it was.
"""

from html import escape
from html.parser import HTMLParser

DROPPED = frozenset({"form", "script", "button", "input", "nav", "summary", "dialog", "use"})
UNWRAPPED = frozenset({"a", "details"})
DROPPED_CLASSES = frozenset(
    {"d-print-none", "ops-chart", "ops-unfold", "ops-phone-only", "btn", "ops-head-actions"}
)
KEPT_ON_SCREENS = frozenset({"ops-unfold", "ops-phone-only"})
"""What unfolds the rest of a row on a phone; it asks the site for nothing."""
VOID = frozenset({"input", "br", "hr", "img", "meta", "link", "use"})
KEPT_IN_MENUS = "b"
"""The days shown stand in bold between the links to their neighbours."""


class Stripper(HTMLParser):
    """Writes a page again into `parts`, leaving out what is dropped."""

    def __init__(self, *, for_screen: bool) -> None:
        super().__init__(convert_charrefs=False)
        self.dropped_classes = DROPPED_CLASSES - KEPT_ON_SCREENS if for_screen else DROPPED_CLASSES
        self.keeps_ticks = for_screen
        self.parts: list[str] = []
        self.skipped: list[str] = []
        self.is_kept_word = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if self.skipped:
            if tag not in VOID:
                self.skipped.append(tag)
            if tag == KEPT_IN_MENUS and self.skipped[0] == "nav":
                self.is_kept_word = True
                self.parts.append('<b class="ops-days">')
            return
        if self.is_dropped(tag, known):
            if tag not in VOID:
                self.skipped.append(tag)
            if label := known.get("aria-label", "") if tag == "svg" else "":
                self.parts.append(escape(label))
        elif tag not in UNWRAPPED:
            self.parts.append(self.get_starttag_text() or "")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if not self.skipped and not self.is_dropped(tag, {name: value or "" for name, value in attrs}):
            self.parts.append(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        if self.skipped:
            if tag == KEPT_IN_MENUS and self.is_kept_word:
                self.is_kept_word = False
                self.parts.append("</b>")
            if self.skipped[-1] == tag:
                self.skipped.pop()
        elif tag not in UNWRAPPED:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self._text(data)

    def handle_entityref(self, name: str) -> None:
        self._text(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self._text(f"&#{name};")

    def is_dropped(self, tag: str, attrs: dict[str, str]) -> bool:
        """Whether an element and all in it are left out; a tick that is sent nowhere unfolds a row."""
        if tag == "input" and self.keeps_ticks:
            return attrs.get("type") != "checkbox" or "name" in attrs
        classes = set(attrs.get("class", "").split())
        is_icon = tag == "svg" and "icon" in classes
        return tag in DROPPED or is_icon or bool(classes & self.dropped_classes) or "hx-sse:connect" in attrs

    def _text(self, text: str) -> None:
        if not self.skipped or self.is_kept_word:
            self.parts.append(text)


def without_acts(page: str, *, for_screen: bool = False) -> str:
    """The page without anything to press; `for_screen` keeps the folds of tables on a phone."""
    stripper = Stripper(for_screen=for_screen)
    stripper.feed(page)
    stripper.close()
    return "".join(stripper.parts)
