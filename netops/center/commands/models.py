"""Tables of remote control: commands, and who may order what."""

from tortoise import fields
from tortoise.models import Model

from shared.database.fields import InstantField, JsonField


class NodeCommand(Model):
    """One command for one node. `state` is one of rules.STATES.

    `seq`, `payload` and `signature` are set when it is signed: at once, or when a second person has approved it.
    `sent_at` is when it was (about to be) handed to the node for the first time. `lifetime` is "now" or "until".
    """

    id = fields.CharField(max_length=36, primary_key=True)
    node = fields.CharField(max_length=64)
    seq = fields.BigIntField(null=True)
    verb = fields.CharField(max_length=40)
    args = JsonField(default=dict)
    instance = fields.CharField(max_length=160, default="")
    reason = fields.CharField(max_length=500)
    lifetime = fields.CharField(max_length=8, default="now")
    requested_by = fields.CharField(max_length=160)
    requested_by_id = fields.UUIDField(null=True)
    approved_by = fields.CharField(max_length=160, default="")
    state = fields.CharField(max_length=16)
    requested_at = InstantField()
    expires_at = InstantField()
    issued_at = InstantField(null=True)
    sent_at = InstantField(null=True)
    accepted_at = InstantField(null=True)
    ended_at = InstantField(null=True)
    code = fields.CharField(max_length=64, default="")
    detail = fields.TextField(default="")
    result = JsonField(default=dict)
    payload = fields.TextField(default="")
    key_id = fields.CharField(max_length=16, default="")
    signature = fields.CharField(max_length=128, default="")
    path = fields.TextField(default="", db_default="")
    """Of a command that was signed with others: what stands before the signature, see shared.nodes.command."""

    class Meta:
        table = "node_command"
        unique_together = (("node", "seq"),)
        indexes = [("state", "expires_at"), ("requested_at",), ("node", "requested_at")]


class CommandRight(Model):
    """An account may order verbs that fit `verb` at nodes whose name or branch fits `place`, for services that fit
    `service`. Each is a word, "group.*" or "*". An account without a row may order nothing."""

    id = fields.UUIDField(primary_key=True)
    account_id = fields.UUIDField(db_index=True)
    verb = fields.CharField(max_length=40)
    place = fields.CharField(max_length=64)
    service = fields.CharField(max_length=64)

    class Meta:
        table = "command_right"
        unique_together = (("account_id", "verb", "place", "service"),)
