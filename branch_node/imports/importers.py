"""The way of a batch of rows into the branch: recognise, refer, build, write, settle. One importer per record.

Each batch is one transaction. What is particular to a record is in its `build`, `match_keys` and `after_write`.
"""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar
from uuid import UUID

from branch_node.home import home
from branch_node.imports import ledger
from branch_node.imports.plan import ChildPlan, Item, Plan
from branch_node.imports.problems import RowFailed, failed
from branch_node.imports.run import Run
from branch_node.imports.staging import CREATED, SKIPPED, UPDATED
from branch_node.imports.tables import (
    MODELS,
    Change,
    Writes,
    among,
    current_rows,
    differing,
    listed,
    new_row,
    now_micros,
)
from branch_node.lists import as_kind
from branch_node.seeding.write import shape_of
from shared.database import fetch_all, transaction
from shared.errors import Text
from shared.i18n import N_
from shared.ids import new_id
from shared.mail import is_mail_address
from shared.records import Record

EMPTY = (None, "", 0, "[]", "{}")


class Importer:
    """Imports the rows of one [[records]] entry; subclasses know their record."""

    references: ClassVar[Mapping[str, str]] = {}
    """Field that refers to another record -> column that holds its id."""
    columns: ClassVar[Mapping[str, str]] = {}
    """Field -> column where the two differ."""

    def __init__(self, run: Run, plan: Plan) -> None:
        self.run = run
        self.plan = plan
        self.record = plan.map.record
        self.model: type[Record] = MODELS[self.record]
        self.rules = {one.name: one.rule for one in plan.fields}

    @property
    def tables(self) -> set[str]:
        """The tables that grow while this record comes in."""
        return {"imported_row", "contact_point", self.plan.definition.table}

    # --- the way of a batch -------------------------------------------------------------------------------------

    async def take(self, items: Sequence[Item]) -> None:
        """1. recognise rows that an earlier run has seen  2. find what they refer to  3. recognise others that are
        here  4. build rows and changes  5. write them and the ledger in one transaction  6. note what became of each
        row of the file."""
        fresh = await self._recognise([item for item in items if item.is_open])
        await self._refer([item for item in items if item.is_open])
        await self._match([item for item in fresh if item.is_open])
        taken = [item for item in items if item.is_open]
        self._warn_of_addresses(taken)
        await self.prepare(taken)
        at = now_micros()
        writes = Writes()
        for item in items:
            if item.is_open and item.action == "created":
                await self._guarded(item, self._create, writes, at)
        await self._update(
            [item for item in items if item.is_open and item.action in ("updated", "matched")], writes
        )
        self._note(items, writes)
        if not self.run.dry_run:
            async with transaction():
                await writes.write()
                await self.after_write([item for item in items if item.is_open])
        self._settle(items)

    async def _guarded(self, item: Item, work: Any, *args: Any) -> None:
        try:
            await work(item, *args)
        except RowFailed as wrong:
            item.failure = wrong

    async def _create(self, item: Item, writes: Writes, at: int) -> None:
        made = Writes()
        await self.build(item, made, at)
        for model, rows in made.rows.items():
            for row in rows:
                writes.add(model, row)
        writes.changes += made.changes

    # --- recognise -------------------------------------------------------------------------------------------

    async def _recognise(self, items: Sequence[Item]) -> list[Item]:
        """Decide what rows are that a run has seen; the others are given back."""
        keys = [item.key for item in items]
        here = self.run.staging.known(self.record, keys)
        entries = await ledger.find(self.run.source, self.record, self.plan.map.file, keys)
        rows = await current_rows(self.record, (entry.row_id for entry in entries.values()), ())
        first: dict[str, Item] = {}
        unknown: list[Item] = []
        for item in items:
            seen = here.get(item.key)
            if item.key in first or (seen is not None and seen.plan == self.plan.number):
                line, content = (
                    (seen.line, seen.content) if seen else (first[item.key].line, first[item.key].content)
                )
                self._again(item, line, content)
                continue
            first[item.key] = item
            if seen is not None:
                item.row_id, item.action = UUID(seen.row_id), "updated"
            elif item.key in entries and entries[item.key].row_id in rows:
                entry = entries[item.key]
                self._seen_before(item, entry, rows[entry.row_id])
            else:
                unknown.append(item)
        return unknown

    def _again(self, item: Item, line: int, content: str) -> None:
        if content == item.content:
            item.skipped = "repeated"
        else:
            message = N_("Line %(line)s has the same key with other values. Keep one of them.")
            item.failure = failed(", ".join(self.plan.map.key), message, line=line)

    def _seen_before(self, item: Item, entry: ledger.Entry, row: Mapping[str, Any]) -> None:
        item.row_id, item.revision = entry.row_id, row["revision"]
        if row["deleted_at"] is not None:
            item.skipped = "deleted_here"
        elif entry.content == item.content:
            item.skipped = "unchanged"
        elif entry.action in ("matched", "merged"):
            self._found(item, entry.row_id)
        elif row["revision"] != entry.revision and self.plan.map.on_edited == "keep":
            item.skipped = "edited_here"
        else:
            item.action = "updated"

    async def _match(self, items: Sequence[Item]) -> None:
        """Rows that no run has seen: here already by what they are recognised by, or new."""
        wanted = {id(item): self.match_keys(item) for item in items}
        keys = sorted({pair for pairs in wanted.values() for pair in pairs})
        found = await self.find_by_keys(keys)
        found.update((pair, UUID(row_id)) for pair, row_id in self.run.staging.twins(keys).items())
        for item in items:
            item.pairs = wanted[id(item)]
            hit = next((pair for pair in item.pairs if pair in found), None)
            if hit is not None:
                self._found(item, found[hit], hit[0])
                continue
            item.row_id, item.action = new_id(), "created"
            found.update((pair, item.row_id) for pair in item.pairs)

    def _found(self, item: Item, row_id: UUID, by: str = "") -> None:
        item.row_id = row_id
        policy = self.plan.map.on_match
        if policy == "fail":
            message = N_("This is here already (same %(what)s).")
            item.failure = failed(by, message, what=by or self.plan.definition.natural)
        elif policy == "skip":
            item.skipped = "duplicate"
        else:
            item.action = "matched"

    def match_keys(self, item: Item) -> list[tuple[str, str]]:
        """What the row is recognised by, strongest first; by default its natural key."""
        natural = self.plan.definition.natural
        value = item.get(natural) if natural else None
        return [(natural, str(value))] if value is not None else []

    async def find_by_keys(self, keys: Sequence[tuple[str, str]]) -> dict[tuple[str, str], UUID]:
        """Rows of the branch by what they are recognised by."""
        return await self.find_by_columns(keys, {self.plan.definition.natural: self.plan.definition.natural})

    async def find_by_columns(
        self, keys: Sequence[tuple[str, str]], columns: Mapping[str, str]
    ) -> dict[tuple[str, str], UUID]:
        """Rows whose column (by kind of key) has the key."""
        table = self.plan.definition.table
        found: dict[tuple[str, str], UUID] = {}
        for kind, column in columns.items():
            wanted = [key for one, key in keys if one == kind]
            if not wanted:
                continue
            rows = await fetch_all(
                f'SELECT "{column}" AS key, id FROM "{table}" WHERE branch = :branch AND "{column}" {among("keys")} '
                "AND deleted_at IS NULL ORDER BY id DESC",
                branch=home().code,
                keys=listed(wanted),
            )
            found.update(((kind, row["key"]), as_kind(row["id"], UUID)) for row in rows)
        return found

    # --- refer -----------------------------------------------------------------------------------------------

    async def _refer(self, items: Sequence[Item]) -> None:
        """Turn the keys of other records into their ids; what is not known fails the row, unless the rule says else."""
        for name, definition in self.plan.definition.fields.items():
            if definition.kind != "record" or name not in self.rules:
                continue
            keys = {item.values[name] for item in items if item.get(name) is not None}
            found = await self.run.resolve(definition.of, keys)
            found.update(await self.make_missing(definition.of, keys - found.keys()))
            for item in items:
                key = item.get(name)
                item.ids[name] = found.get(key) if key is not None else None
                if key is not None and key not in found and self.rules[name].unknown == "fail":
                    message = N_("%(record)s %(key)s is not known in this branch.")
                    item.failure = item.failure or failed(name, message, record=definition.of, key=key)

    async def make_missing(self, record: str, keys: set[str]) -> dict[str, UUID]:
        """Records that come into being by being named; none by default."""
        return {}

    def _warn_of_addresses(self, items: Sequence[Item]) -> None:
        """A row is worth more than its e-mail address: what is none is taken over as it is written, and told."""
        text = N_("%(text)s is no e-mail address; it is taken over as it is.")
        wrong = [
            (item.line, Text(text, text=mail))
            for item in items
            if (mail := item.get("email")) and not is_mail_address(mail)
        ]
        if wrong:
            self.run.staging.warn(self.plan.staged, self.record, wrong)

    async def prepare(self, items: Sequence[Item]) -> None:
        """Look up for the whole batch what building its rows needs."""

    # --- build -----------------------------------------------------------------------------------------------

    async def build(self, item: Item, writes: Writes, at: int) -> None:
        """Add the new row, and what belongs to it, to `writes`. RowFailed leaves the row out."""
        item.row = new_row(self.model, at, id=item.row_id, **await self.values_of(item, is_new=True))
        writes.add(self.model, item.row)

    async def values_of(self, item: Item, *, is_new: bool) -> dict[str, Any]:
        """Columns of the row from the mapped values. An empty cell gives the column's default."""
        defaults = shape_of(self.model).defaults
        out: dict[str, Any] = {}
        for name, value in item.values.items():
            column = self.references.get(name) or self.columns.get(name, name)
            if name in self.references:
                out[column] = item.ids.get(name)
            elif column in defaults:
                out[column] = defaults[column] if value is None else value
        return out

    async def _update(self, items: Sequence[Item], writes: Writes) -> None:
        """Changes of rows that are here: only columns that differ."""
        if not items:
            return
        names = [name for name in shape_of(self.model).attributes if name not in ("ver", "ext")]
        rows = await current_rows(self.record, (item.row_id for item in items if item.row_id), names)
        for item in items:
            current = rows.get(item.row_id) if item.row_id else None
            if current is None:
                continue  # made by this run, which a dry run has not written
            item.revision = current["revision"]
            try:
                wanted = await self.update_of(item, current, writes)
            except RowFailed as wrong:
                item.failure = wrong
                continue
            if item.action == "matched" and self.plan.map.on_match == "fill":
                wanted = {name: value for name, value in wanted.items() if current.get(name) in EMPTY}
            before, after = differing(current, wanted)
            if not after:
                item.skipped = "duplicate" if item.action == "matched" else "unchanged"
                continue
            assert item.row_id is not None
            item.revision += 1
            writes.changes.append(Change(self.record, item.row_id, before, after))

    async def update_of(self, item: Item, current: Mapping[str, Any], writes: Writes) -> dict[str, Any]:
        """The columns that a changed row of the file gives to the row that is here."""
        return await self.values_of(item, is_new=False)

    async def after_write(self, items: Sequence[Item]) -> None:
        """What follows from the rows just written, in their transaction."""

    async def finish(self) -> None:
        """What remains when all rows are in: child rows that belong to nothing."""
        for child in (self.plan.lines, self.plan.instalments):
            if child is not None:
                self._settle_orphans(child)

    def _settle_orphans(self, child: ChildPlan) -> None:
        lines = child.orphans()
        if self.run.takes_strays or self.plan.branch is None:
            message = Text(N_("%(file)s has no row for this."), file=child.parent.path)
            failure = RowFailed(", ".join(child.on), message)
            self.run.staging.fail(child.staged, self.record, ((line, failure) for line in lines))
        else:
            self.run.staging.settle(child.staged, ((line, SKIPPED, "other_branch") for line in lines))

    # --- note ----------------------------------------------------------------------------------------------

    def _note(self, items: Sequence[Item], writes: Writes) -> None:
        """Entries for the ledger, and what later rows of this run must know."""
        changes = {change.row_id: change for change in writes.changes if change.record == self.record}
        remembered: list[tuple[str, int, str, str, bool, int]] = []
        twins: list[tuple[str, str, str]] = []
        for item in items:
            if item.row_id is None or item.failure is not None or item.skipped == "repeated":
                continue
            is_new = item.action == "created"
            remembered.append((item.key, item.line, str(item.row_id), item.content, is_new, self.plan.number))
            action: str = "matched" if item.skipped == "duplicate" else item.action
            if not action or (item.skipped and item.skipped != "duplicate"):
                continue
            if item.action == "matched" and not item.skipped:
                action = "merged"
            writes.ledger.append(
                ledger.entry_of(
                    self.run.id, self.run.source, self.record, item.row_id, action, key=item.key,
                    file=self.plan.map.file, line=item.line, revision=item.revision or 1, content=item.content,
                    change=None if is_new else changes.get(item.row_id),
                )
            )  # fmt: skip
            twins += ((*pair, str(item.row_id)) for pair in item.pairs if is_new)
        self.run.staging.remember(self.record, remembered)
        self.run.staging.remember_twins(twins)

    def _settle(self, items: Sequence[Item]) -> None:
        """Note in the staging file what became of the rows and of their children."""
        failures = [(item.line, item.failure) for item in items if item.failure is not None]
        outcomes: list[tuple[int, int, str]] = []
        for item in items:
            if item.failure is None and item.skipped != "failed":
                outcomes.append((item.line, *self._outcome(item)))
        self.run.staging.fail(self.plan.staged, self.record, failures)
        self.run.staging.settle(self.plan.staged, outcomes)
        for child, target in ((self.plan.lines, "lines"), (self.plan.instalments, "instalments")):
            if child is not None:
                self._settle_children(child, target, items)
        created = sum(item.is_open and item.action == "created" for item in items)
        updated = sum(item.is_open and item.action in ("updated", "matched") for item in items)
        self.run.account.count(self.record, created=created, updated=updated)

    @staticmethod
    def _outcome(item: Item) -> tuple[int, str]:
        if item.skipped:
            return SKIPPED, item.skipped
        return (CREATED if item.action == "created" else UPDATED), ""

    def _settle_children(self, child: ChildPlan, target: str, items: Sequence[Item]) -> None:
        failures: list[tuple[int, RowFailed]] = []
        outcomes: list[tuple[int, int, str]] = []
        for item in items:
            for row in getattr(item, target):
                if row.failure is not None:
                    failures.append((row.line, row.failure))
                elif item.failure is not None or item.skipped == "failed":
                    message = N_("The row it belongs to was not imported (line %(line)s of %(file)s).")
                    failures.append(
                        (row.line, failed("", message, line=item.line, file=self.plan.staged.path))
                    )
                else:
                    outcomes.append((row.line, *self._outcome(item)))
        self.run.staging.fail(child.staged, self.record, failures)
        self.run.staging.settle(child.staged, outcomes)


def importer_for(run: Run, plan: Plan) -> Importer:
    """The importer of a record."""
    from branch_node.imports.customers import ContactImporter, CustomerImporter
    from branch_node.imports.orders import OrderImporter
    from branch_node.imports.people import EmployeeImporter
    from branch_node.imports.plain import (
        ActivityImporter,
        AddressImporter,
        BranchImporter,
        DepartmentImporter,
        ExpenseImporter,
        ProductImporter,
    )
    from branch_node.imports.receipts import ReceiptImporter

    kinds: dict[str, type[Importer]] = {
        "branch": BranchImporter, "department": DepartmentImporter, "employee": EmployeeImporter,
        "product": ProductImporter, "customer": CustomerImporter, "contact": ContactImporter,
        "address": AddressImporter, "activity": ActivityImporter, "order": OrderImporter,
        "receipt": ReceiptImporter, "expense": ExpenseImporter,
    }  # fmt: skip
    return kinds[plan.map.record](run, plan)
