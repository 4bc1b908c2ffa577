"""Words for what people do at headquarters. Pure."""

import json
from collections.abc import Mapping

from shared.i18n import N_

WORDS: Mapping[str, str] = {
    "person.added": N_("Added a user"),
    "person.changed": N_("Changed a user"),
    "person.locked": N_("Locked a user out"),
    "person.unlocked": N_("Let a user in again"),
    "person.password_set": N_("Set a password"),
    "account.unlinked": N_("Took the company's sign-in off an account"),
    "account.linkable": N_("Allowed the company's sign-in for an account"),
    "share.created": N_("Shared a view"),
    "share.revoked": N_("Revoked a link"),
    "share.opened": N_("Opened a shared link"),
    "view.printed": N_("Took a view as PDF"),
    "pack.made": N_("Made a pack"),
    "pack.changed": N_("Changed a pack"),
    "pack.stopped": N_("Stopped a pack"),
    "pack.resumed": N_("Resumed a pack"),
    "pack.run": N_("Ran a pack"),
    "export.asked": N_("Asked for a file"),
    "export.fetched": N_("Fetched a file"),
    "audit.exported": N_("Exported the audit trail"),
    "warning.acknowledged": N_("Acknowledged a warning"),
    "warning.assigned": N_("Took on a warning"),
    "warning.false_alarm": N_("Called a warning a false alarm"),
    "directive.reminded": N_("Reminded of a directive"),
    "directive.withdrawn": N_("Withdrew a directive"),
    "quarantine.retried": N_("Tried a change again"),
    "quarantine.dismissed": N_("Dismissed a change"),
    "quarantine.mend_sent": N_("Proposed a correction"),
    "sync.mended": N_("Mended rows"),
}


def details_text(details: str) -> str:
    """The details of an entry in one line: name: value, name: value; the text itself where it is no object."""
    try:
        found = json.loads(details or "{}")
    except ValueError:
        return details
    if not isinstance(found, dict):
        return str(found)
    return ", ".join(
        f"{name}: {shown(value)}" for name, value in found.items() if value not in (None, "", [], {})
    )


def shown(value: object) -> str:
    """A value of the details as words."""
    if isinstance(value, list):
        return " ".join(str(one) for one in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
