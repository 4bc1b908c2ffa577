"""Tables behind every site's door: accounts, their sessions and tokens, remembered answers, saved views.

They belong to one site and are never replicated; `person_id` is the employee's id in the replicated records.
Instants are UTC; secrets (session and API tokens) are kept only as SHA-256.
"""

from tortoise import fields
from tortoise.models import Model

from shared.database import DatabaseApp
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id

WEB_APP = DatabaseApp("web", ("shared.web.models",), "shared.web.migrations")


class Account(Model):
    """A name that may sign in. Without a password (an integration) only API tokens work.

    `oidc_subject` is who it is for the company's identity provider: empty until the first sign-in there, accounts.UNLINKED
    after that link was taken off, until linking is allowed again.
    """

    id = fields.UUIDField(primary_key=True, default=new_id)
    username = fields.CharField(max_length=64, unique=True)
    password_hash = fields.CharField(max_length=255, default="")
    person_id = fields.UUIDField(null=True, db_index=True)
    display_name = fields.CharField(max_length=80)
    locale = fields.CharField(max_length=8, default="zh_CN")
    theme = fields.CharField(max_length=8, default="auto")
    timezone = fields.CharField(max_length=64, default="")
    letter_keys = fields.BooleanField(default=True)
    created_at = InstantField()
    disabled_at = InstantField(null=True)
    password_changed_at = InstantField(null=True)
    totp_secret = fields.CharField(max_length=64, default="")
    totp_last_step = fields.BigIntField(default=0)
    oidc_subject = fields.CharField(max_length=200, default="", db_index=True)

    class Meta:
        table = "web_account"


class Session(Model):
    """One signed-in browser. The row is the truth: deleting it signs the browser out."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token_hash = fields.CharField(max_length=64, unique=True)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "web.Account", related_name="sessions", on_delete=fields.OnDelete.CASCADE
    )
    created_at = InstantField()
    seen_at = InstantField()
    expires_at = InstantField(db_index=True)
    address = fields.CharField(max_length=64, default="")
    user_agent = fields.CharField(max_length=200, default="")

    class Meta:
        table = "web_session"


class LoginAttempt(Model):
    """A failed sign-in; counted per account name and per address, deleted after a day."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    username = fields.CharField(max_length=64, db_index=True)
    address = fields.CharField(max_length=64, db_index=True)
    at = InstantField(db_index=True)

    class Meta:
        table = "web_login_attempt"


class ApiToken(Model):
    """A bearer token of an account. `scopes` are actions; an empty list means all the account's rights."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    token_hash = fields.CharField(max_length=64, unique=True)
    name = fields.CharField(max_length=80)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "web.Account", related_name="tokens", on_delete=fields.OnDelete.CASCADE
    )
    scopes = JsonField(default=list)
    created_at = InstantField()
    expires_at = InstantField(null=True)
    revoked_at = InstantField(null=True)
    used_at = InstantField(null=True)

    class Meta:
        table = "web_api_token"


class IdempotencyKey(Model):
    """The answer already given to a post, so that the same post again is answered and not done again."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    scope = fields.CharField(max_length=40)
    key = fields.CharField(max_length=80)
    request_hash = fields.CharField(max_length=64)
    status = fields.IntField(default=0)
    location = fields.CharField(max_length=500, default="")
    content_type = fields.CharField(max_length=80, default="")
    body = fields.TextField(default="")
    created_at = InstantField(db_index=True)

    class Meta:
        table = "web_idempotency_key"
        unique_together = (("scope", "key"),)


class SavedView(Model):
    """A named set of filters, sort and columns of one list, as the query string that shows it."""

    id = fields.UUIDField(primary_key=True, default=new_id)
    account: fields.ForeignKeyRelation[Account] = fields.ForeignKeyField(
        "web.Account", related_name="views", on_delete=fields.OnDelete.CASCADE
    )
    list_url = fields.CharField(max_length=200)
    name = fields.CharField(max_length=60)
    query = fields.CharField(max_length=2000)
    created_at = InstantField()

    class Meta:
        table = "web_saved_view"
        unique_together = (("account", "list_url", "name"),)
