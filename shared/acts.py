"""Words for what people do at a branch: its own audit trail and that of headquarters tell it by them. Pure.

An act travels as its code ("customers.merged"); a test demands a word for each code that a branch writes.
"""

from collections.abc import Mapping

from shared.i18n import N_

ACTS: Mapping[str, str] = {
    "customers.assigned": N_("assigned customers"),
    "customers.handed_over": N_("handed over customers and open work"),
    "customers.handed_back": N_("took a hand-over back"),
    "customers.merged": N_("merged customers"),
    "customers.unmerged": N_("took a merge back"),
    "customers.exported": N_("exported customers"),
    "contacts.exported": N_("exported contacts"),
    "income.exported": N_("exported income and expense"),
    "period.closed": N_("closed a month"),
    "period.reopened": N_("reopened a month"),
    "account.created": N_("made an account"),
    "account.password": N_("set a password"),
    "account.disabled": N_("disabled an account"),
    "account.enabled": N_("enabled an account"),
    "account.unlinked": N_("took the company's sign-in off an account"),
    "account.linkable": N_("allowed the company's sign-in for an account"),
    "staff.roles": N_("changed the roles of an employee"),
    "staff.left": N_("noted that an employee left"),
    "staff.returned": N_("noted that an employee came back"),
    "staff.discount_limit": N_("changed a discount limit"),
    "role.grants": N_("changed the rights of a role"),
    "policy.added": N_("added a rule of selling"),
    "policy.switched": N_("switched a rule of selling"),
    "file.added": N_("attached a file"),
    "file.removed": N_("removed a file"),
    "calendar.opened": N_("opened a calendar feed"),
    "calendar.closed": N_("closed a calendar feed"),
    "import.undone": N_("took an import back"),
    "mend.carried_out": N_("carried out a correction that headquarters proposed"),
    "replication.rejoined": N_("rejoined headquarters after a restore"),
    "conflict.ours": N_("kept the branch's version of a record"),
    "conflict.theirs": N_("took headquarters' version of a record"),
    "undone": N_("undid an act"),
    "seed.begun": N_("began to fill in the demo business"),
    "seed.finished": N_("filled in the demo business"),
}
ENDINGS: Mapping[str, str] = {
    ".exported": N_("exported a list"),
    ".printed": N_("printed a document"),
}
"""By how the code ends: every list that can be exported, every document that can be printed."""


def act_word(action: str) -> str:
    """What somebody did, as a msgid; the action itself when no word is known."""
    if action in ACTS:
        return ACTS[action]
    return next((word for ending, word in ENDINGS.items() if action.endswith(ending)), action)
