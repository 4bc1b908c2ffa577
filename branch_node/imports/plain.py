"""Importers of records that are one row each: branch, department, product, address, activity, expense."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.customers.rules import last_contact
from branch_node.expenses.rules import COUNTED
from branch_node.home import home
from branch_node.imports.effects import write_effects
from branch_node.imports.importers import Importer
from branch_node.imports.plan import Item
from branch_node.imports.problems import failed
from branch_node.imports.tables import Change, Writes, current_rows, new_row
from branch_node.lists import as_kind
from branch_node.searching import search_key
from shared.database import fetch_value
from shared.i18n import N_


class BranchImporter(Importer):
    """The branch's own description: one row, made when the branch has none yet."""

    async def find_by_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        found = await fetch_value(
            "SELECT id FROM branch WHERE branch = :code AND deleted_at IS NULL", code=home().code
        )
        return {("branch", home().code): as_kind(found, UUID)} if found else {}

    def match_keys(self, item: Item) -> list[tuple[str, str]]:
        return [("branch", home().code)]

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        here = home()
        values = await self.values_of(item, is_new=True)
        item.row = new_row(
            self.model, at, id=item.row_id, **{"timezone": here.timezone, "currency": here.currency, **values}
        )
        writes.add(self.model, item.row)


class DepartmentImporter(Importer):
    """Departments by name."""


class ProductImporter(Importer):
    """Products by code."""

    columns = {"list_price": "list_price_minor", "cost": "cost_minor"}

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        if is_new or values.get("currency"):
            values["currency"] = values.get("currency") or home().currency
        code, name = item.get("code"), item.get("name")
        values["search_key"] = search_key(name, code, item.get("category", ""), length=400)
        return values


class AddressImporter(Importer):
    """Further addresses of customers."""

    references = {"customer": "customer_id"}

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        values["kind"] = values.get("kind") or "other"
        return values


class ActivityImporter(Importer):
    """Contacts with customers; done ones set the customer's days of last and next contact."""

    references = {"customer": "customer_id", "owner": "owner_id"}
    columns = {"cost": "cost_minor"}

    async def prepare(self, items: Sequence[Item]) -> None:
        self.departments = await self.run.departments_of(item.ids.get("owner") for item in items)

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        status = item.get("status") or ("done" if item.get("happened_on") else "planned")
        if status == "done" and item.get("happened_on") is None:
            raise failed("happened_on", N_("This is empty, and an activity that is done needs its day."))
        if status == "planned" and item.get("planned_on") is None:
            raise failed("planned_on", N_("This is empty, and a planned activity needs its day."))
        values |= {"status": status, "kind": values.get("kind") or "call"}
        if "owner" in item.ids:
            values["department_id"] = self.departments.get(item.ids["owner"])
        return values

    async def after_write(self, items: Sequence[Item]) -> None:
        """Days of contact follow: the latest one made, the next one asked for by it or planned."""
        made: dict[UUID, list[Mapping[str, Any]]] = {}
        for item in items:
            if item.action == "created":
                made.setdefault(item.row["customer_id"], []).append(item.row)
        rows = await current_rows("customer", made, ("last_contact_on", "next_contact_on"))
        changes = [
            Change("customer", customer_id, *contact_days(row, made[customer_id]), bumps=False)
            for customer_id, row in rows.items()
        ]
        await write_effects(self.run, changes)


def contact_days(
    current: Mapping[str, Any], activities: Sequence[Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """(before, after) of a customer's days of contact when these activities come in."""
    last = _day(current["last_contact_on"])
    following = _day(current["next_contact_on"])
    for row in sorted(activities, key=lambda one: one["happened_on"] or one["planned_on"]):
        if row["status"] == "done":
            is_latest = last is None or row["happened_on"] >= last
            last = last_contact(last, row["happened_on"])
            if is_latest:
                following = row["next_on"]
        elif last is None or row["planned_on"] > last:
            following = min(following, row["planned_on"]) if following else row["planned_on"]
    before = {"last_contact_on": current["last_contact_on"], "next_contact_on": current["next_contact_on"]}
    return before, {"last_contact_on": last, "next_contact_on": following}


def _day(value: Any) -> date | None:
    return as_kind(value, date) if value else None


class ExpenseImporter(Importer):
    """Expenses; approved and paid ones count from their day."""

    references = {"owner": "owner_id", "customer": "customer_id"}
    columns = {"amount": "amount_minor", "rate": "rate_e9"}

    async def prepare(self, items: Sequence[Item]) -> None:
        self.departments = await self.run.departments_of(item.ids.get("owner") for item in items)

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        day, amount = item.values["happened_on"], item.values["amount"]
        if amount <= 0:
            raise failed("amount", N_("An amount must be more than 0."))
        currency = item.get("currency") or home().currency
        rate, bases = await self.run.base_amounts(
            {"currency": currency, "rate": item.get("rate")}, day, [amount]
        )
        status = item.get("status") or "approved"
        values |= {"currency": currency, "rate_e9": rate, "base_minor": bases[0], "status": status}
        if status in COUNTED:
            self.run.require_open(day, "happened_on")
            values["approved_on"] = item.get("approved_on") or day
            if status == "paid":
                values["paid_on"] = item.get("paid_on") or values["approved_on"]
        if is_new:
            values["number"] = item.get("number") or item.key[:32]
        if "owner" in item.ids:
            values["department_id"] = self.departments.get(item.ids["owner"])
        return values
