"""What an attacker types: values for the boxes of a form and the questions of an address, and the forms of a page."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from typing import Any
from urllib.parse import urlencode

from starlette.datastructures import QueryParams
from starlette.requests import HTTPConnection

from shared.web.routing import Route
from tests.support.web_site import Visitor

NOBODY = "00000000-0000-4000-8000-000000000000"

VALUES: Mapping[str, str] = {
    "no day": "2026-13-45",
    "first day": "0001-01-01",
    "last day": "9999-12-31",
    "first instant": "0001-01-01T00:00",
    "last instant": "9999-12-31T23:59:59-14:00",
    "far ahead": "+9999",
    "superscript": "²",
    "other digits": "٣٤",
    "huge number": "9" * 30,
    "endless number": "9" * 5_000,
    "negative": "-1",
    "not finite": "1e400",
    "empty": "",
    "10 kB": "x" * 10_000,
    "control characters": "a\x01\x1b[31m\x7f\r\nSet-Cookie: a=b",
    "right to left": "\u202egnp.exe\u2066",
    "markup": "<script>alert(1)</script>'\"--%s%(x)s{{7*7}}",
    "wrong id": NOBODY,
    "path": "../../../etc/passwd",
    "half a character": "\ud800",
}

ALONE = ("last day", "superscript", "huge number", "10 kB", "control characters", "half a character")
"""Those that are sent in one box of an otherwise honest form, which gets them further."""

AT_THE_DATABASE = ("first day", "last day", "huge number", "half a character")
"""What an engine may take otherwise than the other; the rest is judged before any is asked."""

OWN = ("csrf", "client_id")
SITE_WIDE = ("/language", "/theme")
"""Where the forms of every page are sent."""

_LATER = re.compile(r"(line|part|share)-[1-9]")
"""Boxes of a table's later lines, which are read as those of the first."""

_ALIKE = (
    (re.compile(r"^m\d+$"), "a month"),
    (re.compile(r"^\w+\.\w+$"), "a right"),
    (re.compile(r"^branch:"), "a branch"),
)
"""Boxes of a form that are read in one loop: two of each are attacked alone."""
_OF_ALIKE = 2


@dataclass(frozen=True)
class Boxes:
    """A form that a page shows: where it is sent, and what stands in its boxes."""

    action: str
    shown: Mapping[str, str]

    def floods(self, database_url: str) -> Iterator[tuple[str, dict[str, str]]]:
        """What was attacked, and the fields to send: every box with one value, then each alone with one of a few."""
        for label, value in VALUES.items():
            yield label, dict.fromkeys(self.shown, value)
        for name in self.told_apart():
            for label in for_engine(ALONE, database_url):
                yield f"{name}: {label}", {**self.shown, name: VALUES[label]}

    def told_apart(self) -> Iterator[str]:
        """The boxes without those that are read like two others."""
        met: Counter[str] = Counter()
        for name in self.shown:
            met[kind_of(name)] += 1
            if met[kind_of(name)] <= _OF_ALIKE:
                yield name


def kind_of(name: str) -> str:
    """What boxes that are read in one loop have in common; the name of any other."""
    return next((kind for pattern, kind in _ALIKE if pattern.match(name)), name)


def forms_of(page: str, own_url: str) -> list[Boxes]:
    """The forms of a page that post something besides the token, but for those of every page."""
    return [form for form in all_forms_of(page, own_url) if form.action not in SITE_WIDE]


def all_forms_of(page: str, own_url: str) -> list[Boxes]:
    """With those of every page."""
    found = []
    for form in re.findall(r"<form\b[^>]*method=\"post\".*?</form>", page, re.S | re.I):
        head = form[: form.index(">")]
        action = re.search(r'action="([^"]*)"', head)
        shown = {
            unescape(match[1]): _value(match[0], form)
            for match in re.finditer(r'<(?:input|select|textarea)\b[^>]*?\sname="([^"]+)"[^>]*>', form)
            if 'type="file"' not in match[0]
        }
        shown = {name: value for name, value in shown.items() if name not in OWN and not _LATER.match(name)}
        if shown:
            found.append(Boxes(unescape(action[1]) if action and action[1] else own_url, shown))
    return found


def _value(box: str, form: str) -> str:
    """What stands in a box; the first choice of a list."""
    if box.startswith("<select"):
        chosen = re.search(r'value="([^"]+)"', form[form.index(box) + len(box) :])
        return unescape(chosen[1]) if chosen else ""
    value = re.search(r'\svalue="([^"]*)"', box)
    return unescape(value[1]) if value else ""


def sent(visitor: Visitor, action: str, fields: Mapping[str, str]) -> Any:
    """The answer to a form with these fields, and the token of the page before the visitor; redirects are not followed."""
    body = urlencode({"csrf": visitor.token(), **fields}, errors="surrogatepass")
    headers = {
        "content-type": "application/x-www-form-urlencoded",
        "accept": "text/html",
        "origin": "http://testserver",
    }
    return visitor.client.post(action, content=body, headers=headers, follow_redirects=False)


def pages_without_a_row(routes: Sequence[Route]) -> list[str]:
    """The addresses that show something by themselves, not one row of many."""
    return [
        route.url for route in routes if route.method == "GET" and not route.is_api and "{" not in route.url
    ]


def for_engine(labels: Sequence[str], database_url: str) -> list[str]:
    """All of them on SQLite, on PostgreSQL, where a page takes twice as long, those that reach it."""
    return [label for label in labels if label in AT_THE_DATABASE or database_url.startswith("sqlite")]


@contextmanager
def names_read() -> Iterator[set[str]]:
    """Collects the names by which pages ask their addresses for something meanwhile."""
    found: set[str] = set()

    class Watched(QueryParams):
        def __getitem__(self, name: str) -> str:
            found.add(name)
            return super().__getitem__(name)

        def __contains__(self, name: object) -> bool:
            found.add(str(name))
            return super().__contains__(name)

        def get(self, name: str, default: Any = None) -> Any:
            found.add(name)
            return super().get(name, default)

        def getlist(self, name: str) -> list[str]:
            found.add(name)
            return super().getlist(name)

    before = HTTPConnection.query_params
    HTTPConnection.query_params = property(lambda asked: Watched(asked.scope["query_string"]))  # type: ignore[method-assign,assignment]
    try:
        yield found
    finally:
        HTTPConnection.query_params = before  # type: ignore[method-assign]


def asked_for(url: str, name: str, label: str, **more: str) -> str:
    """The address of a page that is asked for a hostile value."""
    return f"{url}?{urlencode({**more, name: VALUES[label]}, errors='surrogatepass')}"
