"""Words for what people do at headquarters, beside those for what they do at branches (shared.acts). Pure."""

import json
from collections.abc import Mapping

from hq.exports.rules import LEDGERS
from hq.reports.rules import VIEWS
from shared.act_details import Word, details_text
from shared.acts import act_word
from shared.i18n import N_, gettext

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
    "directive.issued": N_("Issued a directive"),
    "directive.reminded": N_("Reminded of a directive"),
    "directive.withdrawn": N_("Withdrew a directive"),
    "quarantine.retried": N_("Tried a change again"),
    "quarantine.dismissed": N_("Dismissed a change"),
    "quarantine.mend_sent": N_("Proposed a correction"),
    "sync.mended": N_("Mended rows"),
    "sync.rebuild": N_("Issued a token that rebuilds a branch"),
    "sync.standby": N_("Issued a token for a standby"),
    "sync.drop-standby": N_("Dropped the standby of a branch"),
    "sync.revoke": N_("Revoked the node of a branch"),
    "sync.release": N_("Let a branch that was held go on"),
    "sync.scrub": N_("Had the rows of a branch compared"),
}


CODES: Mapping[str, Word] = {
    "kind": lambda code: gettext(LEDGERS[code].title) if code in LEDGERS else code,
    "views": lambda code: gettext(VIEWS[code].title) if code in VIEWS else code,
}
"""How codes in the details of headquarters' own acts are told."""


def word_of(action: str) -> str:
    """What somebody did, as a msgid; the code itself where no word is known."""
    return WORDS.get(action) or act_word(action)


BY_NAME = ("recipients", "branch", "branches")
"""Details that hold ids of people or codes of branches."""


def details_of(action: str, details: str, names: Mapping[str, str] | None = None) -> str:
    """The details of an entry in one line of words; the text itself where it is no object. `names` tells who has an id and
    which branch a code; what it does not know stands as it was written."""
    known = names or {}
    words = {**CODES, **dict.fromkeys(BY_NAME, lambda key: known.get(key, key))}
    try:
        found = json.loads(details or "{}")
    except ValueError:
        return details
    return details_text(found, action, words) if isinstance(found, dict) else str(found)
