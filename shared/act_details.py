"""What an entry of an audit trail tells besides the act, in words: branch and headquarters both show it. Pure.

Details travel as JSON with the names below; a test demands a word, or a place in UNTOLD, for each name that is written.
"""

from collections.abc import Callable, Mapping
from typing import Any

from shared.i18n import N_, gettext
from shared.permissions import LABELS, ROLES_BY_CODE, SCOPE_LABELS, Scope
from shared.vocabulary import column_word

Word = Callable[[str], str]

DETAILS: Mapping[str, str] = {
    "name": N_("Name"), "title": N_("Title"), "number": N_("Number"), "code": N_("Customer code"), "username": N_("User name"),
    "role": N_("Role"), "roles": N_("Roles"), "branch": N_("Branch"), "branches": N_("Branches"), "period": N_("Period"),
    "month": N_("Month"), "from": N_("Handed over by"), "to": N_("Taken over by"), "before": N_("Before"), "after": N_("Now"),
    "directive": N_("Directive"), "reason": N_("Reason"), "left_on": N_("Left on"), "kind": N_("Kind"), "views": N_("Views"),
    "recipients": N_("Sent to"), "address": N_("Address of the page"), "count": N_("Number of records"), "rows": N_("Rows"),
    "runs": N_("Times run"), "customers": N_("Customers"), "tasks": N_("Tasks"), "followups": N_("Follow-ups"),
    "feedback": N_("Feedback"), "opportunities": N_("Opportunities"), "quotations": N_("Quotes"), "deleted": N_("Removed"),
    "restored": N_("Put back"), "kept": N_("Left as they were"), "taken": N_("Taken from headquarters"),
    "conflicts": N_("Left to be decided"), "common": N_("Agreed up to position"), "position": N_("Position in the change log"),
    "days": N_("Valid for days"), "public": N_("Open without sign-in"), "signed_in": N_("Reader signed in"),
    "active": N_("In force"), "format": N_("File type"), "language": N_("Language"), "filters": N_("Filters"),
    "months": N_("Months of history"), "until": N_("Up to the day"), "seed": N_("Seed"),
}  # fmt: skip
"""By the name of a detail, in the order in which they are told."""

UNTOLD = frozenset({"ids", "first_ids", "to_id", "merged", "sha256", "run", "key"})
"""What machines need of an entry: ids and hashes."""

LANGUAGES: Mapping[str, str] = {"zh_CN": "中文", "en": "English"}
IN_PERCENT = frozenset({"staff.discount_limit"})
"""Acts whose `before` and `after` are basis points."""


def details_text(
    details: Mapping[str, Any], action: str = "", words: Mapping[str, Word] | None = None
) -> str:
    """The details of an act in one line, "Name: value · Name: value"; empty ones and those for machines are left out.

    `words` says for the name of a detail how its codes are told (the ledgers of a file, the views of a pack).
    """
    if action in IN_PERCENT:
        words = dict.fromkeys(("before", "after"), _percent)
    before = details.get("before")
    compared = before if isinstance(before, Mapping) else {}
    known = [name for name in DETAILS if name in details] + [name for name in details if name not in DETAILS]
    told = [name for name in known if name not in UNTOLD and name not in compared]
    return " · ".join(part for name in told if (part := _part(name, details, words or {})))


def _part(name: str, details: Mapping[str, Any], words: Mapping[str, Word]) -> str:
    """One detail; `before` as a mapping tells what differs from `after`, or from the details of the same names."""
    value = details[name]
    if _is_empty(value):
        return ""
    if name == "moved":
        return details_text({kind: count for kind, count in value.items() if count})
    if name == "before" and isinstance(value, Mapping) and (now := _now(value, details)):
        return _differences(value, now, words)
    if name == "after" and isinstance(value, Mapping):
        return ""
    return _named(name, _value(name, value, words))


def _now(before: Mapping[str, Any], details: Mapping[str, Any]) -> Mapping[str, Any]:
    """What became of the values of `before`; empty when the entry does not say."""
    after = details.get("after")
    return (
        after if isinstance(after, Mapping) else {name: details[name] for name in before if name in details}
    )


def _differences(before: Mapping[str, Any], now: Mapping[str, Any], words: Mapping[str, Word]) -> str:
    """What was otherwise before: "Right: old → new"."""
    parts = []
    for name in {**before, **now}:
        old, new = (_value(name, one.get(name), words) for one in (before, now))
        if old != new:
            parts.append(_named(name, f"{old} → {new}"))
    return " · ".join(parts)


def _named(name: str, text: str) -> str:
    label = (
        gettext(LABELS.get(name) or DETAILS[name]) if name in LABELS or name in DETAILS else column_word(name)
    )
    return gettext("%(label)s: %(value)s", label=label, value=text)


def _value(name: str, value: Any, words: Mapping[str, Word]) -> str:
    """A value in words; a dash for none."""
    if _is_empty(value):
        return gettext("all branches") if name == "branches" and value is None else "–"
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if isinstance(value, list | tuple):
        return gettext(", ").join(_value(name, one, words) for one in value)
    if isinstance(value, Mapping):
        return gettext(", ").join(_named(one, _value(one, value[one], words)) for one in value)
    return words[name](str(value)) if name in words else _word(name, str(value))


def _is_empty(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _word(name: str, code: str) -> str:
    """A code in words where it is one of those that travel in details; anything else as it is."""
    if name == "format":
        return code.upper()
    if name == "language":
        return LANGUAGES.get(code, code)
    if name in LABELS and code in set(Scope):
        return gettext(SCOPE_LABELS[Scope(code)])
    if name in ("role", "roles", "before", "after") and code in ROLES_BY_CODE:
        return gettext(ROLES_BY_CODE[code].label)
    return code


def _percent(points: str) -> str:
    return f"{int(points) / 100:g} %"
