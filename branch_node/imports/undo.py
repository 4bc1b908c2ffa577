"""Takes a run back: deletes what it created, restores what it changed, and spares what people have touched since.

A row stays when a person has changed it, or when something that stays refers to it; what belongs to a row (lines and
instalments of an order, ways to reach a customer) stays and goes with it. The work is done in batches, children before
parents, and can be interrupted and called again.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.audit import note
from branch_node.home import home
from branch_node.imports.tables import MODELS, current_rows, refresh_statistics
from branch_node.lists import as_kind
from branch_node.receivables.actions import follow_collection
from branch_node.seeding.write import shape_of
from shared import clock
from shared.database import actor, execute, execute_many, fetch_all, fetch_value, transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person
from shared.records import REPLICATED, ImportRun

ROWS_AT_ONCE = 500

# Rows that come with a record and go with it: record -> (table, column that names it, further condition).
PARTS: Mapping[str, Sequence[tuple[str, str, str]]] = {
    "order": (
        ("order_line", "order_id", ""), ("order_share", "order_id", ""), ("execution_step", "order_id", ""), ("receivable", "order_id", ""),
    ),
    "customer": (("contact_point", "customer_id", "AND p.contact_id IS NULL"),),
    "contact": (("contact_point", "contact_id", ""),),
    "employee": (("assignment", "employee_id", ""), ("employee_role", "employee_id", "")),
}  # fmt: skip

# Children before parents.
DELETED_IN_ORDER = (
    "allocation", "execution_step", "receivable", "order_share", "contact_point", "activity", "expense", "address", "contact",
    "receipt", "order", "customer", "product", "employee", "department", "branch",
)  # fmt: skip

_TARGETS = {
    "customer_id": "customer", "merged_into_id": "customer", "kept_id": "customer", "merged_id": "customer",
    "order_id": "order", "product_id": "product", "contact_id": "contact", "receipt_id": "receipt",
    "department_id": "department", "parent_id": "department",
    **dict.fromkeys(
        (
            "owner_id", "employee_id", "manager_id", "deputy_id", "assigned_by", "assigned_to", "approved_by",
            "submitted_by", "done_by", "reversed_by", "decided_by", "acted_for", "approver_id", "requested_by",
            "closed_by",
        ),
        "employee",
    ),
}  # fmt: skip
NOT_FOLLOWED = frozenset(
    [
        "recorded_by",
        "changed_by",
        "entity_id",
        "unit_id",
        "person_id",
        "proof_id",
        "previous_id",
        "quotation_id",
        "opportunity_id",
        "request_id",
        "directive_id",
        "file_id",
        "plan_id",
        "origin_id",
        "task_id",
        "target_id",
        "reverses_id",
        "receivable_id",
    ]
)
"""Reference columns that name no imported record, or whose rows go with one that is followed. Receivables are followed
through the order that stands beside them."""


@dataclass(frozen=True)
class Undone:
    """What an undo did: rows taken away, rows restored, rows kept by reason (edited, in_use)."""

    deleted: int
    restored: int
    kept: Mapping[str, int]


def references() -> dict[str, list[tuple[str, str]]]:
    """For each record the (table, column) pairs that may name it."""
    found: dict[str, list[tuple[str, str]]] = {}
    for model in REPLICATED:
        for attribute, column in model._meta.fields_db_projection.items():
            target = _TARGETS.get(attribute)
            if target is not None:
                found.setdefault(target, []).append((model._meta.db_table, column))
    found.setdefault("employee", []).append(("web_account", "person_id"))
    return found


def touched_tables() -> set[str]:
    """Every table that an undo looks at."""
    tables = {table for pairs in references().values() for table, _ in pairs}
    return {"imported_row", *tables, *(shape_of(model).table for model in MODELS.values())}


async def undo_run(
    run_id: UUID, person: Person | None = None, report: Callable[[int, int], None] = lambda done, total: None
) -> Undone:
    """Take a run back. NotFound for an unknown run, Conflict for one that was taken back already.

    1. mark what must stay  2. restore what was changed  3. delete, children first  4. say so in the run and the audit.
    """
    run = await ImportRun.get_or_none(id=run_id, branch=home().code, deleted_at=None)
    if run is None:
        raise NotFound(N_("There is no import run %(run)s."), run=str(run_id))
    if run.undone_at is not None:
        raise Conflict(N_("This import was undone already."), code="import.undone")
    total = int(await fetch_value("SELECT count(*) AS n FROM imported_row WHERE run_id = :run", run=run_id))
    async with transaction():
        await _mark_kept(run_id)
    restored = await _restore(run_id)
    deleted = await _delete_all(run_id, lambda done: report(done, total))
    kept = {
        row["kept"]: int(row["n"])
        for row in await fetch_all(
            "SELECT kept, count(*) AS n FROM imported_row WHERE run_id = :run AND kept <> '' GROUP BY kept",
            run=run_id,
        )
    }
    async with transaction():
        await execute(
            "DELETE FROM imported_row WHERE run_id = :run AND kept = '' AND action IN ('matched', 'merged')",
            run=run_id,
        )
        run.status, run.undone_at = "undone", clock.now()
        await run.save()
        await note(
            person, "import.undone", "import_run", run_id, deleted=deleted, restored=restored, kept=kept
        )
    return Undone(deleted, restored, kept)


# --- what must stay -----------------------------------------------------------------------------------------------


async def _mark_kept(run_id: UUID) -> None:
    """Mark rows that people changed, then whatever a row that stays refers to, until nothing more is found."""
    await refresh_statistics(touched_tables())
    await execute("UPDATE imported_row SET kept = '' WHERE run_id = :run", run=run_id)
    for record in DELETED_IN_ORDER:
        await _mark_edited(run_id, record)
    while await _mark_allocations(run_id) + sum([await _mark_used(run_id, one) for one in DELETED_IN_ORDER]):
        pass


async def _mark_edited(run_id: UUID, record: str) -> None:
    """Rows with another revision than the run left, and rows whose parts were changed or added to by a person."""
    table = shape_of(MODELS[record]).table
    mine = "imported_row.run_id = :run AND imported_row.record = :record AND imported_row.action <> 'effect'"
    if record not in ("receivable", "execution_step"):
        await execute(
            f"UPDATE imported_row SET kept = 'edited' WHERE {mine} AND imported_row.action <> 'matched' AND EXISTS "
            f'(SELECT 1 FROM "{table}" t WHERE t.id = imported_row.row_id AND t.revision <> imported_row.revision)',
            run=run_id,
            record=record,
        )
    for part, column, condition in PARTS.get(record, ()):
        changed = "" if part in ("receivable", "execution_step") else "p.revision <> 1 OR "
        disputed = "p.disputed_at IS NOT NULL OR " if part == "receivable" else ""
        await execute(
            f"UPDATE imported_row SET kept = 'edited' WHERE {mine} AND imported_row.action = 'created' AND kept = '' "
            f'AND EXISTS (SELECT 1 FROM "{part}" p JOIN "{table}" t ON t.id = p.{column} '
            f"WHERE p.{column} = imported_row.row_id {condition} AND ({changed}{disputed}"
            "(p.recorded_at <> t.recorded_at AND NOT EXISTS "
            "(SELECT 1 FROM imported_row o WHERE o.row_id = p.id AND o.run_id = :run))))",
            run=run_id,
            record=record,
        )


async def _mark_used(run_id: UUID, record: str) -> int:
    """Rows of the run that something refers to which stays; how many are newly marked."""
    marked = 0
    for table, column in references().get(record, ()):
        stays = _stays(table)
        marked += await execute(
            "UPDATE imported_row SET kept = 'in_use' WHERE run_id = :run AND record = :record AND action = 'created' "
            f'AND kept = \'\' AND row_id IN (SELECT u."{column}" FROM "{table}" u WHERE u."{column}" IS NOT NULL {stays})',
            run=run_id,
            record=record,
        )
    return marked


async def _mark_allocations(run_id: UUID) -> int:
    """Allocations go with their receipt, and stay once a counter row has taken them back."""
    return await execute(
        "UPDATE imported_row SET kept = 'in_use' WHERE run_id = :run AND record = 'allocation' AND kept = '' AND EXISTS "
        "(SELECT 1 FROM allocation a WHERE a.id = imported_row.row_id AND (EXISTS (SELECT 1 FROM allocation c "
        "WHERE c.reverses_id = a.id) OR EXISTS (SELECT 1 FROM imported_row o WHERE o.row_id = a.receipt_id "
        "AND o.run_id = :run AND o.record = 'receipt' AND o.kept <> '')))",
        run=run_id,
    )


_PART_OF = {
    part: (record, column)
    for record, parts in PARTS.items()
    for part, column, _ in parts
    if part != "contact_point"
}


def _stays(table: str) -> str:
    """The condition under which a row `u` of a table stays: it is not of the run, or the run must leave it."""
    found = "" if table == "web_account" else "AND u.deleted_at IS NULL "
    found += _not_going("u.id")
    if table == "contact_point":
        found += _not_going("coalesce(u.contact_id, u.customer_id)")
    elif table in _PART_OF:
        record, column = _PART_OF[table]
        found += _not_going(f"u.{column}", record)
    return found


def _not_going(row_id: str, record: str = "") -> str:
    """The row is none that the undo takes away."""
    kind = f" AND o.record = '{record}'" if record else ""
    return (
        f"AND NOT EXISTS (SELECT 1 FROM imported_row o WHERE o.row_id = {row_id} AND o.run_id = :run{kind} "
        "AND o.action = 'created' AND o.kept = '') "
    )


# --- restoring ----------------------------------------------------------------------------------------------------


async def _restore(run_id: UUID) -> int:
    """Give changed rows their former values, the last change first; a value that has changed since stays."""
    restored = 0
    for record in DELETED_IN_ORDER:
        while rows := await fetch_all(
            "SELECT id, record, row_id, action, changes, revision FROM imported_row WHERE run_id = :run "
            "AND record = :record AND kept = '' AND changes IS NOT NULL ORDER BY id DESC LIMIT :count",
            run=run_id,
            record=record,
            count=ROWS_AT_ONCE,
        ):
            async with transaction():
                for row in rows:
                    restored += await _restore_row(row)
                await execute("DELETE FROM imported_row WHERE id IN :ids", ids=[row["id"] for row in rows])
    return restored


async def _restore_row(row: Mapping[str, Any]) -> int:
    changes = json.loads(row["changes"]) if isinstance(row["changes"], str) else row["changes"]
    row_id = as_kind(row["row_id"], UUID)
    model = MODELS[row["record"]]
    present = (await current_rows(row["record"], [row_id], list(changes["after"]))).get(row_id)
    if present is None:
        return 0
    back = {
        name: value for name, value in changes["before"].items() if present[name] == changes["after"][name]
    }
    if not back:
        return 0
    shape = shape_of(model)
    kinds = dict(zip(shape.attributes, zip(shape.columns, shape.postgres_types, strict=True), strict=True))
    parts = [f'"{kinds[name][0]}" = :{name}' for name in back]
    bump = ", revision = revision + 1, changed_at = :change_now, changed_by = :change_actor"
    await execute(
        f'UPDATE "{shape.table}" SET {", ".join(parts)}{bump if row["action"] != "effect" else ""} WHERE id = :row_id',
        **{name: typed(value, kinds[name][1]) for name, value in back.items()},
        row_id=row_id,
        change_now=clock.now(),
        change_actor=actor(),
    )
    if row["action"] != "effect":
        await execute(
            "UPDATE imported_row SET revision = revision + 2 WHERE row_id = :row_id AND id <> :id "
            "AND action <> 'effect' AND revision = :former",
            row_id=row_id,
            id=row["id"],
            former=row["revision"] - 1,
        )
    return 1


def typed(value: Any, kind: str) -> Any:
    """A value of the ledger in the Python type of its column."""
    if value is None:
        return None
    if kind == "date":
        return date.fromisoformat(value)
    if kind == "uuid":
        return UUID(value)
    return bool(value) if kind == "boolean" else value


# --- deleting -----------------------------------------------------------------------------------------------------


async def _delete_all(run_id: UUID, report: Callable[[int], None]) -> int:
    deleted = 0
    for record in DELETED_IN_ORDER:
        while rows := await fetch_all(
            "SELECT id, row_id FROM imported_row WHERE run_id = :run AND record = :record AND action = 'created' "
            "AND kept = '' LIMIT :count",
            run=run_id,
            record=record,
            count=ROWS_AT_ONCE,
        ):
            ids = [as_kind(row["row_id"], UUID) for row in rows]
            async with transaction():
                if record == "allocation":
                    await _take_back_allocations(ids)
                for part, column, condition in PARTS.get(record, ()):
                    where = condition.replace("p.", "")
                    await execute(f'DELETE FROM "{part}" WHERE "{column}" IN :ids {where}', ids=ids)
                await execute(f'DELETE FROM "{shape_of(MODELS[record]).table}" WHERE id IN :ids', ids=ids)
                await execute("DELETE FROM imported_row WHERE id IN :ids", ids=[row["id"] for row in rows])
            deleted += len(rows)
            report(deleted)
    return deleted


async def _take_back_allocations(ids: Sequence[UUID]) -> None:
    """Take what allocations gave off both sides' sums again."""
    rows = await fetch_all(
        "SELECT receipt_id, receivable_id, amount_minor, base_minor, receipt_base_minor FROM allocation WHERE id IN :ids",
        ids=list(ids),
    )
    now = clock.now()
    await execute_many(
        "UPDATE receipt SET allocated_minor = allocated_minor - :amount, "
        "allocated_base_minor = allocated_base_minor - :base WHERE id = :id",
        [
            {
                "id": as_kind(row["receipt_id"], UUID),
                "amount": row["amount_minor"],
                "base": row["receipt_base_minor"],
            }
            for row in rows
        ],
    )
    await execute_many(
        "UPDATE receivable SET received_minor = received_minor - :amount, received_base_minor = received_base_minor - :base, "
        "revision = revision + 1, changed_at = :now WHERE id = :id",
        [
            {
                "id": as_kind(row["receivable_id"], UUID),
                "amount": row["amount_minor"],
                "base": row["base_minor"],
                "now": now,
            }
            for row in rows
        ],
    )
    touched = sorted({as_kind(row["receivable_id"], UUID) for row in rows})
    if touched:
        await follow_collection(touched, home().today)
