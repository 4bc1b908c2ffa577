"""Reading a note typed in one line. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from shared.i18n import N_

KINDS: Mapping[str, str] = {
    "industry": N_("industry"),
    "competitor": N_("competitor"),
}

_LINK = re.compile(r"https?://\S+")
_COMPETITOR = re.compile(r"&([^&#@]+?)(?=\s[#@&]|\s*[::,,。.]\s|\s*$|\s)")


@dataclass(frozen=True)
class NoteLine:
    """What was understood: a note about a competitor names it after &; a link becomes the source."""

    title: str
    kind: str
    competitor: str = ""
    source: str = ""


def read_note(typed: str, kind: str = "industry") -> NoteLine:
    """`&Hengda opens a branch in Wuxi https://...` as its parts. Nothing typed is lost: the title keeps the name."""
    rest = " ".join(unicodedata.normalize("NFKC", typed).split())
    source = ""
    if match := _LINK.search(rest):
        source = match.group(0)[:300]
        rest = " ".join(f"{rest[: match.start()]} {rest[match.end() :]}".split())
    competitor = ""
    if match := _COMPETITOR.search(rest):
        competitor = match.group(1).strip()[:120]
        rest = rest.replace("&", "", 1)
    return NoteLine((rest or source)[:200], "competitor" if competitor else kind, competitor, source)


def safe_link(text: str) -> str:
    """The text when it is an http(s) address, else "": a link never leads into a script."""
    parts = urlsplit(text.strip())
    return text.strip() if parts.scheme in ("http", "https") and parts.netloc else ""
