"""The importer of orders: lines, sums, instalments of approved ones, their customers signed. Same rules as the pages."""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.imports import ledger
from branch_node.imports.effects import write_effects
from branch_node.imports.importers import Importer
from branch_node.imports.order_effects import signed, steps_of
from branch_node.imports.plan import ChildRow, Item
from branch_node.imports.problems import failed
from branch_node.imports.tables import (
    Change,
    Writes,
    among,
    current_rows,
    custom_over,
    listed,
    new_row,
    now_micros,
)
from branch_node.lists import as_kind
from branch_node.orders.rules import (
    Instalment,
    Line,
    document_hash,
    effective_discount,
    instalments,
    line_amount,
)
from branch_node.orders.shares import ORDER_COLUMNS, Share, check_shares, credited, shares_of
from shared import money
from shared.canonical import canonical_json
from shared.database import fetch_all, fetch_one
from shared.errors import Invalid
from shared.i18n import N_
from shared.money import Money
from shared.records import ExecutionStep, OrderLine, OrderShare, Receivable
from shared.web.forms import parse_decimal

IN_EFFECT = frozenset({"approved", "executing", "completed", "cancelled"})
OPEN = frozenset({"approved", "executing"})
HEADER = (
    "required_on", "shipped_on", "completed_on", "is_disputed", "on_hold", "ship_to", "notes", "cancel_reason",
    "status", "cancelled_on",
)  # fmt: skip
"""What a changed file may change of an order that is in effect."""


def sellers_in(text: str) -> list[tuple[str, int | None]]:
    """`A-1 70; A-2: 30%` as numbers of staff and basis points; None where no share can be read."""
    found: list[tuple[str, int | None]] = []
    for part in filter(None, (one.strip() for one in re.split(r"[;；\n]", text))):
        number, _, share = part.rstrip("%％ ").replace("：", ":").replace(":", " ").rpartition(" ")
        try:
            found.append((number.strip(), parse_decimal(share, 2)))
        except ValueError:
            found.append((part, None))
    return found


class OrderImporter(Importer):
    """Orders by number. What is approved makes its receivables here; cancelled ones had theirs until that day."""

    references = {"customer": "customer_id", "owner": "owner_id"}
    columns = {"total": "total_minor", "discount": "discount_minor", "tax": "tax_minor", "rate": "rate_e9"}

    async def prepare(self, items: Sequence[Item]) -> None:
        """Departments of owners, owners and terms of customers, products of lines: one query each."""
        self.customers = await self._customers([item.ids["customer"] for item in items])
        owners = [item.ids.get("owner") for item in items]
        owners += [row["owner_id"] for row in self.customers.values()]
        self.departments = await self.run.departments_of(owners)
        self.sellers = await self._sellers(items)
        await self._refer_lines(items)

    async def _sellers(self, items: Sequence[Item]) -> Mapping[str, UUID]:
        """The people whom columns of sellers name by number."""
        numbers = {number for item in items for number, _ in sellers_in(item.get("sellers") or "")}
        return await self.run.resolve("employee", numbers) if numbers else {}

    async def _customers(self, ids: Sequence[UUID]) -> dict[UUID, dict[str, Any]]:
        found: dict[UUID, dict[str, Any]] = {}
        rows = await fetch_all(
            "SELECT id, owner_id, department_id, payment_terms_days FROM customer "
            f"WHERE id {among('ids', are_ids=True)}",
            ids=listed(set(ids)),
        )
        for row in rows:
            owner, department = row["owner_id"], row["department_id"]
            found[as_kind(row["id"], UUID)] = {
                "owner_id": as_kind(owner, UUID) if owner else None,
                "department_id": as_kind(department, UUID) if department else None,
                "payment_terms_days": row["payment_terms_days"],
            }
        return found

    async def _refer_lines(self, items: Sequence[Item]) -> None:
        """Find the products that lines name; an unknown one fails the order unless the rule says else."""
        plan = self.plan.lines
        rules = {one.name: one.rule for one in plan.fields} if plan else {}
        self.products: dict[UUID, dict[str, Any]] = {}
        if "product" not in rules:
            return
        keys = {row.values["product"] for item in items for row in item.lines if row.values.get("product")}
        found = await self.run.resolve("product", keys)
        if found:
            rows = await fetch_all(
                "SELECT id, code, name, list_price_minor, cost_minor, currency FROM product "
                f"WHERE id {among('ids', are_ids=True)}",
                ids=listed(set(found.values())),
            )
            self.products.update((as_kind(row["id"], UUID), row) for row in rows)
        for item in items:
            for row in item.lines:
                key = row.values.get("product")
                row.ids["product"] = found.get(key) if key else None
                if key and key not in found and rules["product"].unknown == "fail":
                    message = N_("%(record)s %(key)s is not known in this branch.")
                    row.failure = failed("product", message, record="product", key=key)
                    item.failure = item.failure or row.failure

    # --- the rows of an order -----------------------------------------------------------------------------------

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        """The order with its lines; receivables and steps when it is in effect."""
        row = new_row(self.model, at, id=item.row_id, **await self.values_of(item, is_new=True))
        lines = [self._line(item, child, number, row, at) for number, child in enumerate(item.lines, 1)]
        self._sums(item, row, lines, at)
        await self._bases(item, row)
        item.row = row
        if row["status"] in IN_EFFECT:
            row["approved_hash"] = document_hash(row, lines)
        writes.add(self.model, row)
        for line in lines:
            writes.add(OrderLine, line)
        for share in self._shares(item, row):
            writes.add(OrderShare, new_row(OrderShare, at, order_id=row["id"], **share))
        if row["status"] in IN_EFFECT:
            self._take_effect(item, row, writes, at)

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        customer = self.customers.get(item.ids["customer"], {})
        day: date = item.values["happened_on"]
        status = item.get("status") or "approved"
        values["status"] = status
        if "owner" in item.ids or is_new:
            owner = item.ids["owner"] if "owner" in item.ids else customer.get("owner_id")
            values["owner_id"] = owner
            values["department_id"] = self.departments.get(owner) if owner else customer.get("department_id")
        values["currency"] = item.get("currency") or home().currency
        values["base_currency"] = home().currency
        values["approved_on"] = (item.get("approved_on") or day) if status in IN_EFFECT else None
        values["cancelled_on"] = (item.get("cancelled_on") or day) if status == "cancelled" else None
        if status == "cancelled" and values["cancelled_on"] < values["approved_on"]:
            raise failed("cancelled_on", N_("An order cannot be cancelled before it was approved."))
        if status == "completed":
            values["completed_on"] = item.get("completed_on") or item.get("shipped_on") or day
        if values["approved_on"] is not None:
            self.run.require_open(values["approved_on"], "happened_on")
        terms = item.get("payment_terms_days")
        given = self.plan.map.instalments
        if given is not None and given.days is not None:
            terms = given.days
        values["payment_terms_days"] = customer.get("payment_terms_days", 30) if terms is None else terms
        if custom := item.custom():
            values["custom"] = canonical_json(custom)
        return values

    def _line(
        self, item: Item, child: ChildRow, number: int, order: Mapping[str, Any], at: int
    ) -> dict[str, Any]:
        """A line: price from the amount or the amount from the price; list price and cost from the product."""
        values = child.values
        product = self.products.get(child.ids.get("product") or UUID(int=0), {})
        same_currency = bool(product) and product["currency"] == order["currency"]
        quantity = 1000 if values.get("quantity") is None else values["quantity"]
        price, amount = values.get("price"), values.get("amount")
        if amount is None and price is not None:
            amount = line_amount(price, quantity)
        if amount is None or quantity <= 0 or amount < 0:
            child.failure = failed(
                "", N_("A line needs a quantity above 0 and a price or amount of 0 or more.")
            )
            item.failure = child.failure
            raise child.failure
        if price is None:
            price = money.round_half_even(amount * 1000, quantity)
        at_list = values.get("list_price")
        if at_list is None:
            at_list = product["list_price_minor"] if same_currency else price
        cost = values.get("cost")
        if cost is None:
            cost = product["cost_minor"] if same_currency else 0
        code = product.get("code") or values.get("product") or ""
        return new_row(
            OrderLine, at, order_id=order["id"], position=values.get("position") or number,
            product_id=child.ids.get("product"), product_code=code[:40], text=values.get("text") or product.get("name", code),
            quantity_milli=quantity, list_price_minor=at_list, price_minor=price, cost_minor=cost, amount_minor=amount,
        )  # fmt: skip

    def _shares(self, item: Item, row: Mapping[str, Any]) -> list[dict[str, Any]]:
        """The shares of a column such as `A-1 70; A-2 30`; none for an order of one seller."""
        shares: list[Share] = []
        for number, share in sellers_in(item.get("sellers") or ""):
            who = self.sellers.get(number)
            if who is None or share is None:
                message = N_("%(seller)s: give a number of the staff and a share, such as A-1 70; A-2 30.")
                raise failed("sellers", message, seller=number)
            shares.append((who, share))
        try:
            check_shares(shares)
        except Invalid as wrong:
            text = wrong.fields["shares"]
            raise failed("sellers", str(text), **getattr(text, "params", {})) from None
        return credited(row, shares)

    def _sums(self, item: Item, row: dict[str, Any], lines: list[dict[str, Any]], at: int) -> None:
        """subtotal - discount + tax = total, exactly. An order without lines gets one that says its total."""
        discount, tax, total = row["discount_minor"] or 0, row["tax_minor"] or 0, item.get("total")
        if not lines:
            if total is None:
                raise failed("total", N_("The order has neither lines nor a total."))
            lines.append(
                new_row(
                    OrderLine, at, order_id=row["id"], position=1, text=item.values["number"],
                    list_price_minor=total + discount - tax, price_minor=total + discount - tax,
                    amount_minor=total + discount - tax,
                )
            )  # fmt: skip
        subtotal = sum(line["amount_minor"] for line in lines)
        if not 0 <= discount <= subtotal or tax < 0:
            raise failed("discount", N_("Discount and tax must lie between 0 and the sum of the lines."))
        made = subtotal - discount + tax
        if total is not None and total != made:
            message = N_("The lines make %(made)s, the order says %(total)s. Correct one of them.")
            currency = row["currency"]
            raise failed("total", message, made=str(Money(made, currency)), total=str(Money(total, currency)))
        if made >= money.LARGEST_MINOR:
            raise failed("total", N_("This document is too large. Check quantities and prices."))
        at_list = [
            Line(line["quantity_milli"], line["list_price_minor"], 0).list_amount_minor for line in lines
        ]
        row |= {
            "subtotal_minor": subtotal, "discount_minor": discount, "tax_minor": tax, "total_minor": made,
            "discount_bp": money.round_half_even(discount * 10_000, subtotal) if subtotal else 0,
            "cost_minor": sum(line_amount(line["cost_minor"], line["quantity_milli"]) for line in lines),
            "effective_discount_bp": effective_discount(sum(at_list), subtotal - discount),
        }  # fmt: skip

    async def _bases(self, item: Item, row: dict[str, Any]) -> None:
        day = row["approved_on"] or row["happened_on"]
        values = {"currency": row["currency"], "rate": item.get("rate")}
        row["rate_e9"], bases = await self.run.base_amounts(values, day, [row["total_minor"]])
        row["base_minor"] = bases[0]

    # --- what approval brings -----------------------------------------------------------------------------------

    def _take_effect(self, item: Item, row: dict[str, Any], writes: Writes, at: int) -> None:
        """Instalments, and for open orders the steps that approval would have made."""
        parts = self._instalments(item, row)
        rows = [
            new_row(
                Receivable, at, order_id=row["id"], customer_id=row["customer_id"], owner_id=row["owner_id"],
                department_id=row["department_id"], position=part.position, happened_on=row["approved_on"],
                due_on=part.due_on, cancelled_on=row["cancelled_on"], currency=row["currency"],
                amount_minor=part.amount_minor, base_minor=part.base_minor,
            )
            for part in parts
        ]  # fmt: skip
        for receivable in rows:
            writes.add(Receivable, receivable)
        if row["status"] in OPEN:
            for step in steps_of(row, rows, at):
                writes.add(ExecutionStep, step)

    def _instalments(self, item: Item, row: dict[str, Any]) -> list[Instalment]:
        """By the mapping: rows of a file, a date, a plan of shares, or days after approval."""
        total, base, day = row["total_minor"], row["base_minor"], row["approved_on"]
        given = self.plan.map.instalments
        if item.instalments:
            return self._given_instalments(item, row)
        if item.ids.get("due_on") is not None:
            due_on = item.ids["due_on"]
            row["instalment_plan"] = canonical_json(
                [{"share_bp": 10_000, "days": max((due_on - day).days, 0)}]
            )
            return [Instalment(1, due_on, total, base)] if total > 0 else []
        plan = []
        if given is not None and given.plan is not None:
            plan = [{"share_bp": int(part.percent * 100), "days": part.days} for part in given.plan]
            row["instalment_plan"] = canonical_json(plan)
        return instalments(total, base, plan, day, row["payment_terms_days"])

    def _given_instalments(self, item: Item, row: dict[str, Any]) -> list[Instalment]:
        found = sorted((child.values["due_on"], child.values["amount"]) for child in item.instalments)
        amounts = [amount for _, amount in found]
        if any(amount <= 0 for amount in amounts) or sum(amounts) != row["total_minor"]:
            currency = row["currency"]
            message = N_("The instalments make %(made)s, the order %(total)s. Correct one of them.")
            raise failed(
                "instalments",
                message,
                made=str(Money(sum(amounts), currency)),
                total=str(Money(row["total_minor"], currency)),
            )
        bases = money.split(row["base_minor"], amounts)
        day = row["approved_on"]
        row["instalment_plan"] = canonical_json(
            [{"amount_minor": amount, "days": max((due_on - day).days, 0)} for due_on, amount in found]
        )
        return [
            Instalment(number, due_on, amount, base)
            for number, ((due_on, amount), base) in enumerate(zip(found, bases, strict=True), 1)
        ]

    # --- afterwards ---------------------------------------------------------------------------------------------

    async def after_write(self, items: Sequence[Item]) -> None:
        """The customers of approved orders are signed from their first one on, and were won no later than it."""
        firsts: dict[UUID, date] = {}
        for item in items:
            day = item.row.get("approved_on")
            if day is not None and (item.action == "created" or item.ids.get("approves")):
                customer = item.row["customer_id"]
                firsts[customer] = min(day, firsts.get(customer, day))
        names = ("signed_on", "acquired_on", "status")
        rows = await current_rows("customer", firsts, names)
        await write_effects(
            self.run,
            [
                Change(
                    "customer",
                    row_id,
                    {name: row[name] for name in names},
                    signed(row, firsts[row_id]),
                    bumps=False,
                )
                for row_id, row in rows.items()
            ],
        )

    # --- changed files ------------------------------------------------------------------------------------------

    async def update_of(self, item: Item, current: Mapping[str, Any], writes: Writes) -> dict[str, Any]:
        """What a changed file changes of an order: its progress, not its money. Drafts are left to people.

        RowFailed when the amount differs, or money has come in for an order that the file now cancels.
        """
        made = Writes()
        at = now_micros()
        await self.build(item, made, at)
        wanted = {name: item.row[name] for name in HEADER if name in item.row and self._is_mapped(item, name)}
        if custom := item.custom():
            wanted["custom"] = custom_over(current["custom"], custom)
        if (
            item.row["total_minor"] != current["total_minor"]
            or str(item.row["customer_id"]) != current["customer_id"]
        ):
            raise failed(
                "total",
                N_(
                    "The order is here with another amount or customer. Change it here, or undo the earlier import."
                ),
            )
        was, now = current["status"] in IN_EFFECT, item.row["status"] in IN_EFFECT
        if was and not now:
            raise failed("status", N_("The order is approved here and not in the file. Cancel it here."))
        if now and not was:
            self._approve(item, made, writes, wanted)
        elif wanted.get("status") == "cancelled" and current["status"] != "cancelled":
            await self._cancel(item, writes)
        elif current["status"] == "cancelled" and wanted.get("status", "cancelled") != "cancelled":
            raise failed("status", N_("The order is cancelled here and not in the file. Enter a new order."))
        await self._follow_shares(item, current, wanted, writes)
        return wanted

    async def _follow_shares(
        self, item: Item, current: Mapping[str, Any], wanted: Mapping[str, Any], writes: Writes
    ) -> None:
        """Sellers of a split order are credited as it stands after the file."""
        days = ("approved_on", "shipped_on", "cancelled_on")
        if all(str(wanted.get(day, current[day])) == str(current[day]) for day in days):
            return
        assert item.row_id is not None
        rows = await shares_of(item.row_id)
        order = {name: wanted.get(name, current[name]) for name in ORDER_COLUMNS}
        order |= {day: as_kind(order[day], date) if order[day] else None for day in days}
        shares = [(one.employee_id, one.share_bp) for one in rows]
        for row, columns in zip(rows, credited(order, shares), strict=True):
            after = {name: columns[name] for name in (*days, "amount_minor", "base_minor")}
            change = Change(
                "order_share", row.id, {name: getattr(row, name) for name in after}, after, bumps=False
            )
            writes.changes.append(change)
            writes.ledger.append(
                ledger.entry_of(self.run.id, self.run.source, "order_share", row.id, "effect", change=change)
            )

    @staticmethod
    def _is_mapped(item: Item, name: str) -> bool:
        follows = {"completed_on": "status", "cancelled_on": "status"}
        return name in item.values or follows.get(name, "") in item.values

    def _approve(self, item: Item, made: Writes, writes: Writes, wanted: dict[str, Any]) -> None:
        """A draft that the file shows as approved takes effect with the file's instalments."""
        names = (
            "approved_on",
            "approved_hash",
            "rate_e9",
            "base_minor",
            "instalment_plan",
            "payment_terms_days",
        )
        wanted |= {name: item.row[name] for name in names}
        item.ids["approves"] = True
        for model in (Receivable, ExecutionStep):
            for row in made.rows.get(model, ()):
                row["order_id"] = item.row_id
                writes.add(model, row)
                name = "receivable" if model is Receivable else "execution_step"
                entry = ledger.entry_of(
                    self.run.id, self.run.source, name, row["id"], "created", line=item.line
                )
                writes.ledger.append(entry)

    async def _cancel(self, item: Item, writes: Writes) -> None:
        """The instalments of an order that the file cancels are due no more."""
        taken = await fetch_one(
            "SELECT sum(received_minor + credited_minor + written_off_minor) AS taken FROM receivable "
            "WHERE order_id = :id AND deleted_at IS NULL AND cancelled_on IS NULL",
            id=item.row_id,
        )
        if taken is not None and taken["taken"]:
            raise failed(
                "status", N_("The file cancels the order, but money has come in for it. Cancel it here: order %(number)s."),
                number=item.values["number"],
            )  # fmt: skip
        for row in await fetch_all(
            "SELECT id FROM receivable WHERE order_id = :id AND deleted_at IS NULL AND cancelled_on IS NULL",
            id=item.row_id,
        ):
            row_id = as_kind(row["id"], UUID)
            change = Change(
                "receivable",
                row_id,
                {"cancelled_on": None},
                {"cancelled_on": item.row["cancelled_on"]},
                bumps=False,
            )
            writes.changes.append(change)
            writes.ledger.append(
                ledger.entry_of(self.run.id, self.run.source, "receivable", row_id, "effect", change=change)
            )
