"""Importers of customers and their contacts: keys by which they are recognised, ways to reach them, duplicates."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from branch_node.customers.rules import Keys, email_key, keys_of, name_key, phone_key, tax_key
from branch_node.home import home, today
from branch_node.imports import ledger
from branch_node.imports.alike import Alike, profile_of
from branch_node.imports.importers import Importer
from branch_node.imports.plan import Item, Plan
from branch_node.imports.problems import failed
from branch_node.imports.run import Run
from branch_node.imports.tables import Writes, among, custom_over, listed, new_row, now_micros
from branch_node.lists import as_kind
from branch_node.numbers import next_numbers
from branch_node.own_fields import custom_words
from branch_node.searching import search_key
from shared.canonical import canonical_json
from shared.database import fetch_all, transaction
from shared.errors import Text
from shared.i18n import N_
from shared.records import ContactPoint
from shared.threads import in_thread

DEFAULT_MATCH = ("code", "tax_number")
DOUBTS = ("phone", "email", "name")
"""Kinds of keys that make two customers look alike; a mapping may let them decide with `match`."""

LOOKS_LIKE: Mapping[str, str] = {
    "phone": N_("Another customer has the same telephone."),
    "email": N_("Another customer has the same e-mail address."),
    "name": N_("Another customer has the same name."),
}


PROFILES_SQL = """
SELECT id, code, name, phone, email, tax_number, address, city, state, postcode FROM customer
WHERE branch = :branch AND deleted_at IS NULL AND merged_into_id IS NULL AND id > :after ORDER BY id LIMIT 5000
"""


def label_of(values: Mapping[str, Any]) -> str:
    """How a customer is named in a warning."""
    return f"{values['name']} ({values['code']})" if values.get("code") else str(values["name"])


class CustomerImporter(Importer):
    """Customers. What `match` does not decide on is looked at all the same and reported as a warning."""

    references = {"owner": "owner_id"}
    columns = {"credit_limit": "credit_limit_minor"}

    def __init__(self, run: Run, plan: Plan) -> None:
        super().__init__(run, plan)
        self.alike = Alike(run.staging) if plan.map.alike else None

    def keys(self, item: Item) -> Keys:
        """What the row is recognised by; worked out once."""
        if "keys" not in item.ids:
            phone, email, tax = (item.get(name) or "" for name in ("phone", "email", "tax_number"))
            item.ids["keys"] = keys_of(item.values["name"], phone, email, tax, home().country)
        found: Keys = item.ids["keys"]
        return found

    def match_keys(self, item: Item) -> list[tuple[str, str]]:
        kinds = self.plan.map.match if self.plan.map.match is not None else DEFAULT_MATCH
        return [pair for kind in kinds for pair in self.pairs(item, kind)]

    def pairs(self, item: Item, kind: str) -> list[tuple[str, str]]:
        """The (kind, key) pairs of one kind; a customer with two telephones has two."""
        keys = self.keys(item)
        values = {
            "code": (item.get("code") or "",), "tax_number": (keys.tax_number,), "phone": keys.phones,
            "email": (keys.email,), "name": (keys.name,),
        }[kind]  # fmt: skip
        return [(kind, value) for value in values if value]

    async def find_by_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        """Customers of this branch: code and name key by their columns, the others by contact points."""
        found = await self.find_by_columns(keys, {"code": "code", "name": "name_key"})
        found.update(await self._by_tax_number([key for kind, key in keys if kind == "tax_number"]))
        wanted = {key: kind for kind, key in keys if kind in ("phone", "email")}
        if not wanted:
            return found
        rows = await fetch_all(
            "SELECT p.key, p.customer_id FROM contact_point p JOIN customer c ON c.id = p.customer_id "
            f"WHERE p.key {among('keys')} AND c.branch = :branch AND p.deleted_at IS NULL AND c.deleted_at IS NULL "
            "AND c.merged_into_id IS NULL ORDER BY c.id DESC",
            keys=listed(wanted),
            branch=home().code,
        )
        found.update(((wanted[row["key"]], row["key"]), as_kind(row["customer_id"], UUID)) for row in rows)
        return found

    async def _by_tax_number(self, wanted: Sequence[str]) -> dict[tuple[str, str], UUID]:
        """Tax numbers are compared without their punctuation; all of the branch are read once."""
        if not wanted:
            return {}
        if not hasattr(self, "tax_numbers"):
            rows = await fetch_all(
                "SELECT id, tax_number FROM customer WHERE branch = :branch AND tax_number <> '' "
                "AND deleted_at IS NULL ORDER BY id DESC",
                branch=home().code,
            )
            self.tax_numbers = {tax_key(row["tax_number"]): as_kind(row["id"], UUID) for row in rows}
        return {("tax_number", key): self.tax_numbers[key] for key in wanted if key in self.tax_numbers}

    async def prepare(self, items: Sequence[Item]) -> None:
        self.departments = await self.run.departments_of(item.ids.get("owner") for item in items)
        fresh = [item for item in items if item.action == "created"]
        without_code = [item for item in fresh if item.get("code") is None]
        if without_code and not self.run.dry_run:
            async with transaction():
                codes = await next_numbers("customer", "C", len(without_code))
            for item, code in zip(without_code, codes, strict=True):
                item.ids["code"] = code
        self.points = await self._points_of([item.row_id for item in items if item.action != "created"])
        if self.alike is None:
            await self._warn_of_doubts(fresh)
        else:
            profiles = [
                (str(item.row_id), item.line, label_of(item.values), profile_of(item.values, home().country))
                for item in fresh
            ]
            await in_thread(self.alike.add, profiles)

    async def finish(self) -> None:
        """Weigh the new customers against each other and against all of the branch, when the mapping asks for it."""
        await super().finish()
        if self.alike is None:
            return
        after = UUID(int=0)
        while rows := await fetch_all(PROFILES_SQL, branch=home().code, after=after):
            after = as_kind(rows[-1]["id"], UUID)
            profiles = [(str(row["id"]), 0, label_of(row), profile_of(row, home().country)) for row in rows]
            await in_thread(self.alike.add, profiles)
        pairs = await in_thread(lambda alike: list(alike.pairs()), self.alike)
        self.run.staging.warn(
            self.plan.staged,
            self.record,
            (
                (pair.line, Text(N_("Probably the same customer as %(other)s."), other=pair.other))
                for pair in pairs
            ),
        )

    async def _warn_of_doubts(self, items: Sequence[Item]) -> None:
        """Note new customers that look like others, where the mapping does not let that decide."""
        kinds = [kind for kind in DOUBTS if kind not in (self.plan.map.match or ())]
        pairs = {id(item): [pair for kind in kinds for pair in self.pairs(item, kind)] for item in items}
        wanted = sorted({pair for found in pairs.values() for pair in found})
        known = {pair: str(row_id) for pair, row_id in (await self.find_by_keys(wanted)).items()}
        known.update(self.run.staging.twins(wanted))
        warnings: list[tuple[int, Text]] = []
        fresh: list[tuple[str, str, str]] = []
        for item in items:
            hit = next((pair for pair in pairs[id(item)] if pair in known), None)
            if hit is not None:
                warnings.append((item.line, Text(LOOKS_LIKE[hit[0]])))
            for pair in pairs[id(item)]:
                if pair not in known:
                    known[pair] = str(item.row_id)
                    fresh.append((*pair, known[pair]))
        self.run.staging.remember_twins(fresh)
        self.run.staging.warn(self.plan.staged, self.record, warnings)

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        values.pop("code", None)
        custom = item.custom()
        code = item.get("code") or item.ids.get("code") or ("" if is_new else None)
        if code is not None:
            values["code"] = code
        if "owner" in item.ids:
            values["department_id"] = self.departments.get(item.ids["owner"])
        if is_new:
            values["currency"] = values.get("currency") or home().currency
            values["acquired_on"] = values.get("acquired_on") or min(
                today(), item.get("signed_on") or today()
            )
            values["status"] = values.get("status") or ("customer" if item.get("signed_on") else "prospect")
            if custom:
                values["custom"] = canonical_json(custom)
        else:
            values = {
                name: value for name, value in values.items() if name not in FOLLOWING or value is not None
            }
        keys = self.keys(item)
        values["name_key"] = keys.name
        if is_new:
            values["search_key"] = search_key(
                item.values["name"],
                code or "",
                *keys.points,
                item.get("phone") or "",
                item.get("tax_number") or "",
                *custom_words(custom),
            )
        return values

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        """The customer with telephone and e-mail as contact points."""
        await super().build(item, writes, at)
        if (item.row["credit_limit_minor"] or 0) < 0:
            raise failed("credit_limit", N_("A limit must not be less than 0."))
        self.add_points(item, self.keys(item), writes, at)

    def add_points(self, item: Item, keys: Keys, writes: Writes, at: int, *, notes: bool = False) -> None:
        """Contact points of the customer itself, as the customer form writes them; `notes` puts those of a customer
        that was here into the ledger."""
        wanted = {key: ("phone", item.get("phone") or "") for key in keys.phones}
        if keys.email:
            wanted[keys.email] = ("email", item.get("email") or "")
        for key, (kind, value) in wanted.items():
            row = new_row(ContactPoint, at, customer_id=item.row_id, kind=kind, value=value[:200], key=key)
            writes.add(ContactPoint, row)
            if notes:
                run = self.run
                writes.ledger.append(
                    ledger.entry_of(run.id, run.source, "contact_point", row["id"], "created", line=item.line)
                )

    async def update_of(self, item: Item, current: Mapping[str, Any], writes: Writes) -> dict[str, Any]:
        """Mapped columns; a file never takes back that a customer was signed. New ways to reach it are added."""
        wanted = await self.values_of(item, is_new=False)
        if wanted.get("status") == "prospect" and current["signed_on"]:
            wanted.pop("status")
        custom = item.custom()
        if custom:
            wanted["custom"] = custom_over(current["custom"], custom)
        keys = self.keys(item)
        have = self.points.get(item.row_id, set())
        fresh = Keys(
            "", tuple(key for key in keys.phones if key not in have), "" if keys.email in have else keys.email
        )
        self.add_points(item, fresh, writes, now_micros(), notes=True)
        wanted["search_key"] = search_key(
            item.values["name"], wanted.get("code") or current["code"], *keys.points, item.get("phone") or "",
            item.get("tax_number") or current["tax_number"],
            *custom_words(json.loads(wanted.get("custom") or current["custom"] or "{}")),
        )  # fmt: skip
        return wanted

    async def _points_of(self, ids: Sequence[UUID | None]) -> dict[UUID | None, set[str]]:
        """Keys of the contact points that customers have."""
        found: dict[UUID | None, set[str]] = {}
        if not ids:
            return found
        rows = await fetch_all(
            f"SELECT customer_id, key FROM contact_point WHERE customer_id {among('ids', are_ids=True)} "
            "AND deleted_at IS NULL",
            ids=listed(ids),
        )
        for row in rows:
            found.setdefault(as_kind(row["customer_id"], UUID), set()).add(row["key"])
        return found


FOLLOWING = ("currency", "acquired_on", "signed_on", "status")
"""Columns that an empty cell does not clear."""


class ContactImporter(Importer):
    """People at customers, recognised by their name at the same customer."""

    references = {"customer": "customer_id"}

    def match_keys(self, item: Item) -> list[tuple[str, str]]:
        customer = item.ids.get("customer")
        return [("contact", f"{customer} {name_key(item.values['name'])}")] if customer else []

    async def find_by_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        if not keys:
            return {}
        rows = await fetch_all(
            f"SELECT id, customer_id, name FROM contact WHERE customer_id {among('ids', are_ids=True)} "
            "AND deleted_at IS NULL ORDER BY id DESC",
            ids=listed({key.split(" ", 1)[0] for _, key in keys}),
        )
        return {
            ("contact", f"{row['customer_id']} {name_key(row['name'])}"): as_kind(row["id"], UUID)
            for row in rows
        }

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        return {name: value for name, value in values.items() if name not in ("phone", "email")}

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        """The contact with telephone and e-mail."""
        await super().build(item, writes, at)
        phone, email = item.get("phone") or "", item.get("email") or ""
        for kind, value, key in (
            ("phone", phone, phone_key(phone, home().country)),
            ("email", email, email_key(email)),
        ):
            if value:
                point = {"customer_id": item.row["customer_id"], "contact_id": item.row_id, "kind": kind}
                writes.add(ContactPoint, new_row(ContactPoint, at, value=value, key=key, **point))
