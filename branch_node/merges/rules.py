"""What the remaining customer takes from the other when two become one, and what is put back. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

# Fields of which one value stands: the remaining customer's, the other's where it has none or where somebody chose it.
CHOSEN = (
    "name", "kind", "group", "region", "industry", "source", "phone", "email", "website", "address", "city", "state",
    "postcode", "country", "tax_number", "tax_rule", "bank_name", "bank_account", "payment_terms_days", "concessions",
    "commission_code", "ship_to", "invoice_to", "notes",
)  # fmt: skip
# What a merge may change on the remaining customer beside CHOSEN.
DERIVED = ("status", "acquired_on", "signed_on", "last_contact_on", "next_contact_on", "custom")
KEYS = ("name_key", "search_key")
RESTORED = (*CHOSEN, *DERIVED, *KEYS)

_RANK = {"customer": 3, "dormant": 2, "prospect": 1, "lost": 0}


def conflicts(kept: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """Fields in which both say something and not the same, in the order of the form."""
    return [name for name in CHOSEN if _said(kept[name]) and _said(other[name]) and kept[name] != other[name]]


def merged_values(
    kept: Mapping[str, Any], other: Mapping[str, Any], taken: Collection[str] = ()
) -> dict[str, Any]:
    """The values of the remaining customer: nothing that only the other knew is lost.

    `taken` names fields of which the other's value was chosen. Two notes are put one below the other; own fields are
    put together; the earliest acquisition and first order, the latest contact and the next one to come stand.
    """
    found = {
        name: other[name] if _said(other[name]) and (name in taken or not _said(kept[name])) else kept[name]
        for name in CHOSEN
    }
    for name in ("notes", "concessions"):
        if name not in taken and _said(kept[name]) and _said(other[name]) and other[name] not in kept[name]:
            found[name] = f"{kept[name]}\n{other[name]}"
    found["status"] = max(kept["status"], other["status"], key=lambda status: _RANK.get(status, 0))
    found["acquired_on"] = min(kept["acquired_on"], other["acquired_on"])
    found["signed_on"] = _earliest(kept["signed_on"], other["signed_on"])
    found["last_contact_on"] = _latest(kept["last_contact_on"], other["last_contact_on"])
    found["next_contact_on"] = _earliest(kept["next_contact_on"], other["next_contact_on"])
    found["custom"] = {**(other["custom"] or {}), **(kept["custom"] or {})}
    return found


def restored(
    before: Mapping[str, Any], after: Mapping[str, Any], present: Mapping[str, Any], names: Sequence[str]
) -> dict[str, Any]:
    """What an undo writes back: each value that the merge changed and nobody has changed since."""
    return {
        name: before[name] for name in names if before[name] != after[name] and present[name] == after[name]
    }


def edited_since(
    before: Mapping[str, Any], after: Mapping[str, Any], present: Mapping[str, Any], names: Sequence[str]
) -> list[str]:
    """What the merge changed and somebody has changed again: it stays as it is."""
    return [name for name in names if before[name] != after[name] and present[name] != after[name]]


def _said(value: Any) -> bool:
    return value not in ("", None)


def _earliest(*days: date | None) -> date | None:
    return min(_given(days), default=None)


def _latest(*days: date | None) -> date | None:
    return max(_given(days), default=None)


def _given(days: Iterable[date | None]) -> list[date]:
    return [day for day in days if day is not None]
