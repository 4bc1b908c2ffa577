"""Commands in people's words: verbs, questions, results. Translated where they are shown."""

from collections.abc import Mapping
from dataclasses import dataclass

from shared.i18n import N_


@dataclass(frozen=True)
class VerbWords:
    """`label` names the verb, `title` asks the question (with %(service)s and %(node)s), `note` says what happens; `named` is the
    label with the service, of verbs that are about one."""

    label: str
    title: str
    note: str
    fields: tuple[str, ...] = ()
    named: str = ""


WORDS: Mapping[str, VerbWords] = {
    "service.start": VerbWords(
        N_("Start"),
        N_("Start %(service)s on %(node)s?"),
        N_("It starts at once, also out of a crash loop."),
        named=N_("Start %(service)s"),
    ),
    "service.stop": VerbWords(
        N_("Stop"),
        N_("Stop %(service)s on %(node)s?"),
        N_("It stays stopped until somebody starts it; what it serves is away until then."),
        named=N_("Stop %(service)s"),
    ),
    "service.restart": VerbWords(
        N_("Restart"),
        N_("Restart %(service)s on %(node)s?"),
        N_(
            "What it serves is away for the seconds of its start. Only the instance that runs now is restarted."
        ),
        ("with_dependants",),
        named=N_("Restart %(service)s"),
    ),
    "service.drain": VerbWords(
        N_("Drain"),
        N_("Drain %(service)s on %(node)s?"),
        N_("It finishes what it has and takes no new work."),
        named=N_("Drain %(service)s"),
    ),
    "service.undrain": VerbWords(
        N_("End draining"),
        N_("Let %(service)s on %(node)s take work again?"),
        N_("It takes new work again."),
        named=N_("End draining of %(service)s"),
    ),
    "limits.set": VerbWords(
        N_("Set limits"),
        N_("Limit %(service)s on %(node)s?"),
        N_("An empty box lifts that limit. It holds until the service is started again."),
        ("cpu_percent", "memory_mib"),
        named=N_("Set limits of %(service)s"),
    ),
    "queue.pause": VerbWords(
        N_("Pause job queue"),
        N_("Pause a job queue of %(service)s on %(node)s?"),
        N_("Jobs wait in the queue until it is resumed; none is lost."),
        ("queue",),
        named=N_("Pause job queue of %(service)s"),
    ),
    "queue.resume": VerbWords(
        N_("Resume job queue"),
        N_("Resume a job queue of %(service)s on %(node)s?"),
        N_("Waiting jobs start again."),
        ("queue",),
        named=N_("Resume job queue of %(service)s"),
    ),
    "process.kill": VerbWords(
        N_("Kill a process"),
        N_("Kill a process on %(node)s?"),
        N_("It is hit only if it was created at the instant given: a number used again is left alone."),
        ("pid", "created_us", "signal"),
    ),
    "log.level": VerbWords(
        N_("Set log level"),
        N_("Change what %(service)s on %(node)s writes?"),
        N_("It holds at once."),
        ("level",),
        named=N_("Set log level of %(service)s"),
    ),
    "log.tail": VerbWords(
        N_("Fetch log lines"),
        N_("Fetch the last log lines of %(service)s on %(node)s?"),
        N_("Nothing changes at the node."),
        ("lines",),
        named=N_("Fetch log lines of %(service)s"),
    ),
    "diagnostics.snapshot": VerbWords(
        N_("Take a snapshot"),
        N_("Take a diagnostic snapshot of %(node)s?"),
        N_("Nothing changes at the node."),
    ),
    "configuration.reload": VerbWords(
        N_("Reload configuration"),
        N_("Reload the node file of %(node)s?"),
        N_("New services start, changed ones restart, removed ones end."),
    ),
    "backup.now": VerbWords(
        N_("Back up now"),
        N_("Back up %(node)s now?"),
        N_("It runs the node file's own command."),
        ("action",),
    ),
    "disk.free_up": VerbWords(
        N_("Free up disk"),
        N_("Free up disk on %(node)s?"),
        N_("It runs the node file's own safe action."),
        ("action",),
    ),
    "standby.promote": VerbWords(
        N_("Promote standby"),
        N_("Make the standby on %(node)s the primary?"),
        N_("From then on headquarters refuses the former primary. A second person has to approve."),
        ("action",),
    ),
    "standby.invite": VerbWords(
        N_("Invite a standby"),
        N_("Invite a standby of %(node)s to keep its accounts?"),
        N_(
            "Whoever answers the invitation keeps this branch's passwords (as hashes) and second factors, sealed, and opens"
            " them when it is promoted. An earlier invitation, and the standby before, are given up. The invitation stands"
            " here, for you only, is good for one day and once. A second person has to approve."
        ),
    ),
    "standby.pair": VerbWords(
        N_("Pair with the branch"),
        N_("Let the standby on %(node)s answer an invitation of its branch?"),
        N_(
            "From then on it keeps the branch's accounts, sealed, and people sign in there with their own passwords once it is"
            " promoted. Accounts that it had until then are given up once these have come. Take the invitation from the branch's"
            " own node: Invite a standby."
        ),
        ("invitation",),
    ),
    "node.reboot": VerbWords(
        N_("Reboot"),
        N_("Reboot %(node)s?"),
        N_("Everything on the machine is away until it is up again. A second person has to approve."),
    ),
    "keys.trust": VerbWords(
        N_("Trust a command key"),
        N_("Let %(node)s believe one more command key?"),
        N_("Part of a key rotation."),
        ("public_key",),
    ),
    "keys.forget": VerbWords(
        N_("Forget a command key"),
        N_("Let %(node)s forget a command key?"),
        N_("Part of a key rotation."),
        ("key_id",),
    ),
    "keys.renew": VerbWords(
        N_("Renew node key"),
        N_("Let %(node)s make itself a new key?"),
        N_("The old key holds until the first request under the new one."),
    ),
}

SERVICE_VERBS = ("service.start", "service.stop", "service.restart", "service.drain", "service.undrain", "limits.set",
                 "queue.pause", "queue.resume", "log.level", "log.tail")  # fmt: skip
NODE_VERBS = ("diagnostics.snapshot", "configuration.reload", "backup.now", "disk.free_up", "process.kill", "keys.renew",
              "standby.invite", "standby.pair", "standby.promote", "node.reboot")  # fmt: skip

RESULT_WORDS: Mapping[str, str] = {
    "effect": N_("Effect"), "reason": N_("Reason"), "instance": N_("Instance"), "output": N_("Output"),
    "lines": N_("Log lines"), "state": N_("State"), "values": N_("Values"), "recoveries": N_("Recoveries"),
    "changes": N_("Changes"), "key_id": N_("Key id"), "public_key": N_("Public key"),
    "restarted": N_("restarted"), "running": N_("runs"), "stopped": N_("stopped"), "none": N_("nothing was done"),
    "the instance no longer runs": N_("the instance it was meant for no longer runs"),
    "the process no longer runs": N_("the process no longer runs"), "promoted": N_("promoted"),
    "draining": N_("takes no new work"), "takes work again": N_("takes work again"), "paused": N_("paused"),
    "resumed": N_("resumed"), "forgotten": N_("forgotten"), "invited": N_("invited"), "paired": N_("paired"),
    "invitation": N_("Invitation"),
}  # fmt: skip
"""Words in a node's results that people read: names of values, and effects."""

ARGUMENT_WORDS: Mapping[str, str] = {
    "service": N_("Service"), "with_dependants": N_("Restart what depends on it, too"), "queue": N_("Job queue"),
    "level": N_("Level"), "lines": N_("Number of lines"), "cpu_percent": N_("CPU"), "memory_bytes": N_("Memory"),
    "pid": N_("Process number"), "created_us": N_("Created at"), "signal": N_("Signal"),
    "action": N_("Action of the node file"), "invitation": N_("Invitation"), "public_key": N_("Public key"),
    "key_id": N_("Key id"),
}  # fmt: skip
"""Names of arguments: those of their boxes."""

SAID_WORDS: Mapping[str, str] = {
    "branch": N_("Branch"), "tables": N_("Tables, equal to headquarters"), "rows": N_("Rows"),
    "position": N_("Position at headquarters"), "accounts": N_("Accounts"), "accounts_at": N_("Accounts as of"),
}  # fmt: skip
"""Names of what `branch_node standby promote --json` prints at last."""

STATE_KEYS: Mapping[str, str] = {
    "approval": "command_approval", "requested": "command_requested", "accepted": "accepted", "done": "done",
    "failed": "failed", "refused": "refused", "expired": "expired", "unknown": "unknown", "cancelled": "cancelled",
}  # fmt: skip
"""State of a command -> status part."""

EXPLAINED: Mapping[str, str] = {
    "approval": N_("Waits for a second person. It is not signed, and the node knows nothing of it yet."),
    "requested": N_("Signed and waiting for the node."),
    "accepted": N_("The node has judged it and is acting on it."),
    "unknown": N_(
        "The node stopped between start and report; the result is unknown. Check its state; it will not be repeated by itself."
    ),
    "expired": N_(
        "Its time was over before the node took it. Nothing was done; order it anew if it is still wanted."
    ),
    "refused": N_(
        "The node's own rules do not allow it, or it could not prove itself there. Nothing was done."
    ),
    "cancelled": N_("Taken back before the node had it. Nothing was done."),
}
PASSED_OVER = N_(
    "The node took a later command first and passed this one over. Nothing was done; order it anew if it is still wanted."
)
UNANSWERED_INVITATION = N_(
    "The branch has not answered the invitation. If its line to headquarters is down it answers once it is up. Otherwise the"
    " invitation is another branch's, was used, or is older than a day: invite anew."
)
SERVES_BRANCH = N_(
    "Nothing was done: this standby was promoted and serves its branch itself. It follows nobody, and its accounts are its own."
)
NO_ANSWER = N_(
    "It was handed to the node and its time is over without an answer. If the node took it, its word will stand here once it is back."
)
