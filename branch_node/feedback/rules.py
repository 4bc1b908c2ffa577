"""The life of a feedback, its kinds and levels, reading one typed in one line. Pure."""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from branch_node.transitions import moves
from shared.i18n import N_

KINDS: Mapping[str, str] = {
    "complaint": N_("complaint"),
    "suggestion": N_("suggestion"),
    "question": N_("question"),
    "praise": N_("praise"),
    "comment": N_("comment"),
}
LEVELS: Mapping[str, str] = {
    "high": N_("high"),
    "normal": N_("normal"),
    "low": N_("low"),
}
STATUS_SHAPES: Mapping[str, str] = {
    "open": "open",
    "assigned": "waiting",
    "answered": "sent",
    "closed": "closed",
}
STATUSES: Mapping[str, str] = {
    "open": N_("open"),
    "assigned": N_("assigned"),
    "answered": N_("answered"),
    "closed": N_("closed"),
}

MOVES = moves(
    {
        "open": N_('"%(number)s" is open. Assign or answer it first.'),
        "assigned": N_('"%(number)s" is assigned. Answer it first.'),
        "answered": N_('"%(number)s" was answered. Close it, or assign it again.'),
        "closed": N_('"%(number)s" is closed. Reopen it first.'),
    },
    ("assign", "open assigned answered", "assigned", "feedback.handle", ""),
    ("answer", "open assigned answered", "answered", "feedback.edit", "answered_at"),
    ("close", "answered", "closed", "feedback.handle", "closed_at"),
    ("reopen", "closed", "open", "feedback.handle", ""),
)


# Words after # (and their beginnings) by kind, in both languages.
_KIND_WORDS: Mapping[str, tuple[str, ...]] = {
    "complaint": ("complaint", "投诉", "抱怨"),
    "suggestion": ("suggestion", "建议"),
    "question": ("question", "咨询", "询问"),
    "praise": ("praise", "表扬", "感谢"),
    "comment": ("comment", "意见", "其他"),
}
_KIND = re.compile(r"#([^\s#@!]+)")
_CUSTOMER = re.compile(r"@([^#@!]*)")


@dataclass(frozen=True)
class FeedbackLine:
    """What was understood of a typed line: the rest as subject, the customer's name still to be looked up."""

    subject: str
    kind: str = "comment"
    level: str = "normal"
    customer: str = ""


def read_feedback(typed: str) -> FeedbackLine:
    """`delivery late @East Motors #complaint !!` as its parts; full-width signs count too.

    What is not understood stays in the subject. Nothing is an error.
    """
    rest = " ".join(unicodedata.normalize("NFKC", typed).split())
    level = "high" if "!!" in rest else "normal"
    rest, kind = _take_kind(rest.replace("!!", " "))
    customer = ""
    if (match := _CUSTOMER.search(rest)) and match[1].strip():
        customer = " ".join(match[1].split())
        rest = f"{rest[: match.start()]} {rest[match.end() :]}"
    return FeedbackLine(" ".join(rest.split())[:200], kind or "comment", level, customer)


def _take_kind(text: str) -> tuple[str, str]:
    for match in _KIND.finditer(text):
        word = match[1].casefold()
        for kind, known in _KIND_WORDS.items():
            if any(word == one or (len(word) >= 2 and one.startswith(word)) for one in known):
                return f"{text[: match.start()]} {text[match.end() :]}", kind
    return text, ""
