"""Words of the outbox. Pure."""

from collections.abc import Mapping

from shared.i18n import N_

STATUSES: Mapping[str, str] = {
    "waiting": N_("To be sent"),
    "failed": N_("Failed"),
    "sent": N_("Sent"),
    "dropped": N_("Not sent"),
}
KINDS: Mapping[str, str] = {
    "dunning_notice": N_("Reminder to a customer"),
    "notification": N_("Message to an employee"),
}
"""What a mail is, by `OutgoingMail.entity`."""
