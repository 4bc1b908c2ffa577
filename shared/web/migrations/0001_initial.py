from tortoise import migrations
from tortoise.migrations import operations as ops
from shared.database.fields import InstantField, JsonField
from shared.ids import new_id
from tortoise.fields.base import OnDelete
from tortoise import fields


class Migration(migrations.Migration):
    initial = True

    operations = [
        ops.CreateModel(
            name="Account",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("username", fields.CharField(unique=True, max_length=64)),
                ("password_hash", fields.CharField(default="", max_length=255)),
                ("person_id", fields.UUIDField(null=True, db_index=True)),
                ("display_name", fields.CharField(max_length=80)),
                ("locale", fields.CharField(default="zh_CN", max_length=8)),
                ("theme", fields.CharField(default="auto", max_length=8)),
                ("timezone", fields.CharField(default="", max_length=64)),
                ("letter_keys", fields.BooleanField(default=True)),
                ("created_at", InstantField()),
                ("disabled_at", InstantField(null=True)),
                ("password_changed_at", InstantField(null=True)),
                ("totp_secret", fields.CharField(default="", max_length=64)),
                ("totp_last_step", fields.BigIntField(default=0)),
                ("oidc_subject", fields.CharField(default="", db_index=True, max_length=200)),
            ],
            options={"table": "web_account", "app": "web", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="ApiToken",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                ("name", fields.CharField(max_length=80)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "web.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="tokens",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("scopes", JsonField(default=list, generated=False, null=False, unique=False)),
                ("created_at", InstantField()),
                ("expires_at", InstantField(null=True)),
                ("revoked_at", InstantField(null=True)),
                ("used_at", InstantField(null=True)),
            ],
            options={"table": "web_api_token", "app": "web", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="IdempotencyKey",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("scope", fields.CharField(max_length=40)),
                ("key", fields.CharField(max_length=80)),
                ("request_hash", fields.CharField(max_length=64)),
                ("status", fields.IntField(default=0)),
                ("location", fields.CharField(default="", max_length=500)),
                ("content_type", fields.CharField(default="", max_length=80)),
                ("body", fields.TextField(default="", unique=False)),
                ("created_at", InstantField(db_index=True)),
            ],
            options={
                "table": "web_idempotency_key",
                "app": "web",
                "unique_together": (("scope", "key"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="LoginAttempt",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("username", fields.CharField(db_index=True, max_length=64)),
                ("address", fields.CharField(db_index=True, max_length=64)),
                ("at", InstantField(db_index=True)),
            ],
            options={"table": "web_login_attempt", "app": "web", "pk_attr": "id"},
            bases=["Model"],
        ),
        ops.CreateModel(
            name="SavedView",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "web.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="views",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("list_url", fields.CharField(max_length=200)),
                ("name", fields.CharField(max_length=60)),
                ("query", fields.CharField(max_length=2000)),
                ("created_at", InstantField()),
            ],
            options={
                "table": "web_saved_view",
                "app": "web",
                "unique_together": (("account", "list_url", "name"),),
                "pk_attr": "id",
            },
            bases=["Model"],
        ),
        ops.CreateModel(
            name="Session",
            fields=[
                ("id", fields.UUIDField(primary_key=True, default=new_id, unique=True, db_index=True)),
                ("token_hash", fields.CharField(unique=True, max_length=64)),
                (
                    "account",
                    fields.ForeignKeyField(
                        "web.Account",
                        source_field="account_id",
                        db_constraint=True,
                        to_field="id",
                        related_name="sessions",
                        on_delete=OnDelete.CASCADE,
                    ),
                ),
                ("created_at", InstantField()),
                ("seen_at", InstantField()),
                ("expires_at", InstantField(db_index=True)),
                ("address", fields.CharField(default="", max_length=64)),
                ("user_agent", fields.CharField(default="", max_length=200)),
            ],
            options={"table": "web_session", "app": "web", "pk_attr": "id"},
            bases=["Model"],
        ),
    ]
