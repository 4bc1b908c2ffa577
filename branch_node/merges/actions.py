"""Two customers become one, and two again. Each action is one transaction.

The merged customer stays as a row with status `merged`: its name, numbers and own telephone and mail still find the
customer it went into (`duplicates_of`). Everything that named it names the other one afterwards.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.audit import note
from branch_node.customers.actions import set_keys
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.lists import as_kind
from branch_node.merges.rules import CHOSEN, RESTORED, edited_since, merged_values, restored
from shared import clock
from shared.database import actor, execute, fetch_all, transaction
from shared.errors import Conflict, Invalid, Text
from shared.i18n import N_
from shared.permissions import Person, require
from shared.records import REPLICATED, Contact, Customer, MergeRecord

CHUNK = 1_000
# What the merged customer keeps: its own telephone and mail (they belong to its master record) and merges themselves.
OWN_POINTS = "contact_point"


def references() -> list[tuple[str, str]]:
    """(table, column) of everything that names a customer, from the models: a new table is merged by itself."""
    found = [
        (str(model._meta.db_table), column)
        for model in REPLICATED
        for column in ("customer_id", "merged_into_id")
        if column in model._meta.fields_map
    ]
    return sorted(found)


async def merge_customers(
    person: Person, kept: Customer, other: Customer, taken: Collection[str] = ()
) -> MergeRecord:
    """`other` goes into `kept`; everything that named it names `kept`. The caller has fetched both by customer.merge.

    1 lock both, in the order of their ids  2 move every reference, noting which rows  3 put the master records
    together  4 write the record that undoes it. Conflict when one of them was merged meanwhile; Invalid for one and the
    same customer or a field that is none of CHOSEN.
    """
    require(person, "customer.merge")
    if kept.id == other.id:
        raise Invalid(fields={"other": N_("Choose another customer than this one.")})
    if unknown := set(taken) - set(CHOSEN):
        names = ", ".join(sorted(unknown))
        raise Invalid(fields={"take": Text(N_("There is no field %(name)s."), name=names)})
    async with transaction():
        rows = {row_id: await locked(Customer, row_id) for row_id in sorted((kept.id, other.id))}
        kept, other = rows[kept.id], rows[other.id]
        _refuse_merged(kept, other)
        before = {"kept": _image(kept), "merged": _image(other)}
        moved = await _move_references(kept.id, other.id)
        moved += await _one_main_contact(kept.id)
        for name, value in merged_values(_values(kept), _values(other), taken).items():
            setattr(kept, name, value)
        set_keys(kept)
        await kept.save()
        other.status, other.merged_into_id = "merged", kept.id
        await other.save()
        record = await MergeRecord.create(
            branch=home().code,
            kept_id=kept.id,
            merged_id=other.id,
            happened_on=today(),
            moved=moved,
            before={**before, "after": _image(kept)},
        )
        await note(
            person, "customers.merged", "customer", kept.id,
            merged=str(other.id), name=other.name, code=other.code, rows=sum(len(one["ids"]) for one in moved),
        )  # fmt: skip
    return record


def _refuse_merged(*rows: Customer) -> None:
    for row in rows:
        if row.status == "merged":
            raise Conflict(
                N_("%(name)s was merged already. Open the customer it went into."),
                code="merge.merged",
                name=row.name,
            )


async def _move_references(kept: UUID, other: UUID) -> list[dict[str, Any]]:
    moved: list[dict[str, Any]] = []
    for table, column in references():
        condition = " AND contact_id IS NOT NULL" if table == OWN_POINTS else ""
        rows = await fetch_all(
            f'SELECT id FROM "{table}" WHERE {column} = :other{condition} ORDER BY id', other=other
        )
        if not rows:
            continue
        await execute(
            f'UPDATE "{table}" SET {column} = :kept, revision = revision + 1, changed_at = :now, changed_by = :by '
            f"WHERE {column} = :other{condition}",
            kept=kept,
            other=other,
            now=clock.now(),
            by=actor(),
        )
        moved.append({"table": table, "column": column, "ids": [str(row["id"]) for row in rows]})
    return moved


async def _one_main_contact(kept: UUID) -> list[dict[str, Any]]:
    """After the contacts have come together the one that was main first stays main."""
    mains = await Contact.filter(customer_id=kept, is_main=True, deleted_at=None).order_by(
        "recorded_at", "id"
    )
    for extra in mains[1:]:
        extra.is_main = False
        await extra.save()
    ids = [str(extra.id) for extra in mains[1:]]
    return [{"table": "contact", "column": "is_main", "ids": ids}] if ids else []


async def undo_merge(person: Person, record: MergeRecord) -> list[str]:
    """Two customers again, as they were: every row that was moved goes back unless it has been moved on since.

    What was added to the remaining customer afterwards stays with it. Returns the fields of the master record that
    somebody has changed since and that therefore stay as they are. Conflict when it was undone already, or when the
    remaining customer was merged into another one since: that merge is undone first.
    """
    require(person, "customer.merge")
    async with transaction():
        row = await locked(MergeRecord, record.id)
        if row.undone_at is not None:
            raise Conflict(N_("This merge was undone already."), code="merge.undone")
        kept, other = await locked(Customer, row.kept_id), await locked(Customer, row.merged_id)
        if kept.status == "merged" or other.merged_into_id != kept.id:
            raise Conflict(
                N_("%(name)s was merged into another customer since. Undo that merge first."),
                code="merge.later",
                name=kept.name,
            )
        for moved in row.moved:
            await _move_back(moved, kept.id, other.id)
        before, after = _read(row.before["kept"]), _read(row.before["after"])
        present = _values(kept)
        for name, value in restored(before, after, present, RESTORED).items():
            setattr(kept, name, value)
        stays = edited_since(before, after, present, RESTORED)
        if stays:
            set_keys(kept)
        await kept.save()
        other.status, other.merged_into_id = _read(row.before["merged"])["status"], None
        await other.save()
        row.undone_at = clock.now()
        await row.save()
        await note(person, "customers.unmerged", "customer", kept.id, merged=str(other.id), name=other.name)
    return [name for name in stays if name not in ("name_key", "search_key")]


async def _move_back(moved: Mapping[str, Any], kept: UUID, other: UUID) -> None:
    table, column = moved["table"], moved["column"]
    params: dict[str, Any]
    if (table, column) == ("contact", "is_main"):
        change, condition, params = "is_main = :yes", "is_main = :no", {"yes": True, "no": False}
    else:
        change, condition, params = f"{column} = :other", f"{column} = :kept", {"other": other, "kept": kept}
    ids: Sequence[str] = moved["ids"]
    for start in range(0, len(ids), CHUNK):
        await execute(
            f'UPDATE "{table}" SET {change}, revision = revision + 1, changed_at = :now, changed_by = :by '
            f"WHERE {condition} AND id IN :ids",
            ids=[UUID(one) for one in ids[start : start + CHUNK]],
            now=clock.now(),
            by=actor(),
            **params,
        )


def _values(row: Customer) -> dict[str, Any]:
    return {name: getattr(row, name) for name in RESTORED}


def _image(row: Customer) -> dict[str, Any]:
    """The values as JSON keeps them."""
    return {
        name: value.isoformat() if isinstance(value, date) else value for name, value in _values(row).items()
    }


def _read(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: as_kind(value, date) if name.endswith("_on") else value for name, value in image.items()}
