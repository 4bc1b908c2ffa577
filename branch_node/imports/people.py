"""The importer of employees: departments made by being named, first assignments, roles, managers by number."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from branch_node.customers.rules import email_key
from branch_node.home import home, today
from branch_node.imports import ledger
from branch_node.imports.importers import Importer
from branch_node.imports.plan import Item
from branch_node.imports.tables import Writes, new_row, now_micros
from branch_node.searching import search_key
from shared.database import execute, fetch_all, transaction
from shared.ids import new_id
from shared.records import Assignment, Department, EmployeeRole

MANAGERS_SQL = """
UPDATE employee SET manager_id = (SELECT m.id FROM employee m WHERE m.branch = :branch AND m.deleted_at IS NULL
  AND m.number = employee.manager_number AND m.id <> employee.id ORDER BY m.id LIMIT 1)
WHERE branch = :branch AND deleted_at IS NULL AND manager_number <> '' AND manager_id IS NULL
  AND id IN (SELECT row_id FROM imported_row WHERE run_id = :run AND record = 'employee')
  AND EXISTS (SELECT 1 FROM employee m WHERE m.branch = :branch AND m.deleted_at IS NULL
    AND m.number = employee.manager_number AND m.id <> employee.id)
"""


class EmployeeImporter(Importer):
    """Employees by number. A manager who sits in another branch stays a number; e-mail addresses may be shared."""

    references = {"department": "department_id"}
    columns = {"discount_limit": "discount_limit_bp"}

    def match_keys(self, item: Item) -> list[tuple[str, str]]:
        kinds = self.plan.map.match if self.plan.map.match is not None else ["number"]
        keys = {"number": item.get("number") or "", "email": email_key(item.get("email") or "")}
        return [(kind, keys[kind]) for kind in kinds if keys[kind]]

    async def find_by_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        found = await self.find_by_columns(keys, {"number": "number"})
        if any(kind == "email" for kind, _ in keys):
            for row in await fetch_all(
                "SELECT id, email FROM employee WHERE branch = :branch AND email <> '' AND deleted_at IS NULL "
                "ORDER BY id DESC",
                branch=home().code,
            ):
                found["email", email_key(row["email"])] = UUID(str(row["id"]))
        return found

    async def make_missing(self, record: str, keys: set[str]) -> dict[str, UUID]:
        """A department that is named and not there is made, so that it can be undone like any row."""
        if record != "department" or not keys:
            return {}
        made = {name: new_id() for name in sorted(keys)}
        writes, at = Writes(), now_micros()
        for name, row_id in made.items():
            writes.add(
                Department,
                new_row(
                    Department, at, id=row_id, name=name, kind="other" if not is_sales(name) else "sales"
                ),
            )
            writes.ledger.append(
                ledger.entry_of(self.run.id, self.run.source, "department", row_id, "created", key=name)
            )
        if not self.run.dry_run:
            async with transaction():
                await writes.write()
        self.run.staging.remember(
            "department", ((name, 0, str(row_id), "", True, -1) for name, row_id in made.items())
        )
        self.run.account.count("department", created=len(made))
        return made

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        values = await super().values_of(item, is_new=is_new)
        values.pop("roles", None)
        values["search_key"] = search_key(
            item.get("name"), item.get("number"), item.get("phone") or "", item.get("email") or "", length=300
        )
        return values

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        """The employee, the first assignment, the roles."""
        await super().build(item, writes, at)
        row = item.row
        if "active" not in item.values:
            row["active"] = row["left_on"] is None or row["left_on"] >= today()
        writes.add(
            Assignment,
            new_row(
                Assignment, at, employee_id=row["id"], department_id=row["department_id"],
                position=row["position"], happened_on=row["hired_on"] or today(),
            ),
        )  # fmt: skip
        for code in item.get("roles", ()):
            writes.add(EmployeeRole, new_row(EmployeeRole, at, employee_id=row["id"], role_code=code))

    async def update_of(self, item: Item, current: Mapping[str, Any], writes: Writes) -> dict[str, Any]:
        """Place and position change by dated assignments, which people enter: a file does not overwrite them."""
        wanted = await self.values_of(item, is_new=False)
        return {name: value for name, value in wanted.items() if name not in ("department_id", "position")}

    async def finish(self) -> None:
        """Managers who work in this branch, now that everybody is here."""
        await super().finish()
        if self.run.dry_run:
            return
        async with transaction():
            await execute(MANAGERS_SQL, branch=home().code, run=self.run.id)
            await execute(
                "UPDATE assignment SET manager_id = (SELECT e.manager_id FROM employee e WHERE e.id = assignment.employee_id) "
                "WHERE manager_id IS NULL AND branch = :branch AND employee_id IN "
                "(SELECT i.row_id FROM imported_row i JOIN employee e ON e.id = i.row_id WHERE i.run_id = :run "
                "AND i.record = 'employee' AND i.action = 'created' AND e.manager_id IS NOT NULL)",
                branch=home().code,
                run=self.run.id,
            )


def is_sales(name: str) -> bool:
    """Whether a department is of the kind that sells, by its name."""
    word = name.casefold()
    return "sales" in word or "销售" in word or "vente" in word
