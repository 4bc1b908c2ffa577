"""A mapping made ready for given files: every record with its rows, keys, branch and children.

`compile_plans` reports all columns that are missing at once. Reading a batch and evaluating its rows touches only the
staging file, so the engine does it in a thread.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from hashlib import blake2b
from itertools import chain
from typing import Any, Literal
from uuid import UUID

from branch_node.imports import mapping as shape
from branch_node.imports.compiler import Cells, Compiler, Evaluate, FieldPlan
from branch_node.imports.fetch import FIXED, Fetch
from branch_node.imports.problems import Fault, RowFailed, failed, key_path
from branch_node.imports.staging import FAILED, ROWS_AT_ONCE, StagedFile, Staging
from branch_node.imports.vocabulary import CUSTOM, ORDER, RECORDS, FieldDef, RecordDef
from shared.i18n import N_


@dataclass
class ChildRow:
    """A line or instalment: where it stands and its values, or why they cannot be read."""

    line: int
    values: dict[str, Any] = field(default_factory=dict)
    failure: RowFailed | None = None
    ids: dict[str, Any] = field(default_factory=dict)


@dataclass
class Item:
    """One row on its way: its line, its external key, its typed values by field, and what becomes of it.

    `values` has the mapped fields only, None for an empty cell; references are external keys until `ids` has the rows
    they mean. `row` is the row to be written, `action` what the ledger will say of it.
    """

    line: int
    key: str = ""
    content: str = ""
    values: dict[str, Any] = field(default_factory=dict)
    lines: list["ChildRow"] = field(default_factory=list)
    instalments: list["ChildRow"] = field(default_factory=list)
    ids: dict[str, Any] = field(default_factory=dict)
    row: dict[str, Any] = field(default_factory=dict)
    failure: RowFailed | None = None
    skipped: str = ""
    row_id: UUID | None = None
    action: Literal["created", "updated", "matched", ""] = ""
    revision: int = 0
    pairs: list[tuple[str, str]] = field(default_factory=list)

    def get(self, name: str, otherwise: Any = None) -> Any:
        """A value, or `otherwise` where the mapping has none or the cell was empty."""
        value = self.values.get(name)
        return otherwise if value is None else value

    def custom(self) -> dict[str, Any]:
        """The values for own fields (`custom.KEY`) by key as they are stored, without empty cells."""
        return {
            name.removeprefix(CUSTOM): value.isoformat() if isinstance(value, date) else value
            for name, value in self.values.items()
            if name.startswith(CUSTOM) and value is not None
        }

    @property
    def is_open(self) -> bool:
        """Whether nothing has stopped it so far."""
        return self.failure is None and not self.skipped


@dataclass
class ChildPlan:
    """Lines or instalments: rows of another file found by the record's key columns."""

    on: list[str]
    staged: StagedFile
    fetch: Fetch
    theirs: list[int]
    ours: list[int]
    fields: list[FieldPlan]
    parent: StagedFile
    parent_columns: list[int]

    def of(self, keys: Sequence[tuple[str, ...]]) -> dict[tuple[str, ...], list[Cells]]:
        """Rows by key, in the order of the file."""
        width = len(self.theirs)
        positions = [FIXED + self.fetch.columns.index(("s", column)) for column in self.theirs]
        names = ", ".join(f"s.c{column}" for column in self.theirs)
        found: dict[tuple[str, ...], list[Cells]] = {}
        for start in range(0, len(keys), 400):
            part = keys[start : start + 400]
            places = ", ".join(["(" + ", ".join("?" * width) + ")"] * len(part))
            where = f"({names}) IN (VALUES {places})"
            for row in self.fetch.staging.fetch(
                self.fetch.sql(where), [value for key in part for value in key]
            ):
                found.setdefault(tuple(row[position] for position in positions), []).append(row)
        return found

    def read(self, cells: Cells, currency: str) -> ChildRow:
        """The values of a child row of a record in this currency, or its failure."""
        row = ChildRow(cells[0])
        try:
            if cells[1] == FAILED:
                raise failed("", N_("The row cannot be read."))
            if cells[2]:
                raise join_failure(self.fetch, cells[2])
            for one in self.fields:
                row.values[one.name] = one.value(cells, currency)
        except RowFailed as wrong:
            row.failure = wrong
        return row

    def orphans(self) -> list[int]:
        """Lines of rows that no record has."""
        equal = " AND ".join(
            f"p.c{ours} = s.c{theirs}" for ours, theirs in zip(self.parent_columns, self.theirs, strict=True)
        )
        sql = (
            f"SELECT s.line FROM {self.staged.table} s WHERE s.outcome IS NULL AND NOT EXISTS "
            f"(SELECT 1 FROM {self.parent.table} p WHERE {equal})"
        )
        return [line for (line,) in self.fetch.staging.fetch(sql)]


@dataclass
class Plan:
    """One [[records]] entry, ready to run."""

    number: int
    map: shape.RecordMap
    definition: RecordDef
    staged: StagedFile
    fetch: Fetch
    fields: list[FieldPlan]
    keys: list[Evaluate]
    branch: Evaluate | None
    where: list[tuple[Evaluate, frozenset[str]]]
    lines: ChildPlan | None = None
    instalments: ChildPlan | None = None
    due_on: FieldPlan | None = None
    currency: str = ""
    says_currency: bool = False
    sums: dict[str, str] = field(default_factory=dict)

    def prepare(self) -> None:
        """Indexes for the joins; after all files are staged."""
        for fetch in (self.fetch, *(child.fetch for child in (self.lines, self.instalments) if child)):
            fetch.prepare()
        for child in (self.lines, self.instalments):
            if child is not None:
                self.fetch.staging.index(child.staged, child.theirs)
                self.fetch.staging.index(child.parent, child.parent_columns)

    def rows_after(self, line: int) -> list[Cells]:
        """The next batch of rows."""
        return self.fetch.staging.fetch(self.fetch.sql("s.line > ?") + f" LIMIT {ROWS_AT_ONCE}", (line,))

    def key_of(self, cells: Cells, content: str, values: Mapping[str, Any]) -> str:
        """What identifies the row for ever: its key columns, its natural key, or all it says."""
        if self.keys:
            parts = [str(evaluate(cells)) for evaluate in self.keys]
            if not any(parts):
                raise failed(", ".join(self.map.key), N_("The key of the row is empty."))
            key = "\x1f".join(parts)
        else:
            natural = values.get(self.definition.natural) if self.definition.natural else None
            key = str(natural) if natural is not None else ""
        if not key:
            number = self.fetch.staging.ordinal(content)
            return f"={content}" if number == 1 else f"={content}#{number}"
        return key if len(key) <= 160 else f"~{digest(key)}"


def digest(value: object) -> str:
    """A short hash of a value's text."""
    return blake2b(repr(value).encode(), digest_size=16).hexdigest()


def evaluate(plan: Plan, cells: Cells) -> Item:
    """The values of a row; its failure when one cannot be read. Children are added by the caller."""
    item = Item(cells[0])
    if cells[1] == FAILED:
        item.skipped = "failed"
        return item
    try:
        if cells[2]:
            raise join_failure(plan.fetch, cells[2])
        _read(plan, cells, item.values)
        if plan.due_on is not None:
            item.ids["due_on"] = plan.due_on.value(cells)
        item.content = digest((sorted(item.values.items()), item.ids.get("due_on")))
        item.key = plan.key_of(cells, item.content, item.values)
    except RowFailed as wrong:
        item.failure = wrong
    return item


def _read(plan: Plan, cells: Cells, values: dict[str, Any]) -> None:
    """The values of a row. Its amounts are in its own currency, without one in that of the file."""
    currency = plan.currency
    for one in plan.fields:
        if one.name == "currency":
            currency = one.value(cells) or currency
    for one in plan.fields:
        values[one.name] = one.value(cells, currency)
    if plan.says_currency:
        values["currency"] = currency


def add_children(plan: Plan, rows: Sequence[Cells], items: Sequence[Item]) -> None:
    """Put lines and instalments beside their records; a child that cannot be read fails its record."""
    for child, target in ((plan.lines, "lines"), (plan.instalments, "instalments")):
        if child is None:
            continue
        keys = [tuple(str(cells[place]) for place in child.ours) for cells in rows]
        found = child.of(sorted(set(keys)))
        for item, key in zip(items, keys, strict=True):
            mine = found.get(key, ())
            if not item.is_open:
                setattr(item, target, [ChildRow(cells[0]) for cells in mine])
                continue
            currency = item.values.get("currency") or plan.currency
            children = [child.read(cells, currency) for cells in mine]
            setattr(item, target, children)
            if target == "lines":
                for name, of in plan.sums.items():
                    item.values[name] = sum(row.values.get(of) or 0 for row in children)
            item.content = digest((item.content, target, [sorted(row.values.items()) for row in children]))
            broken = next((row for row in children if row.failure), None)
            if broken is not None:
                message = N_("Line %(line)s of %(file)s, which belongs to it, cannot be read.")
                item.failure = failed(target, message, line=broken.line, file=child.staged.path)


def join_failure(fetch: Fetch, problem: str) -> RowFailed:
    """Why a join does not give exactly one row."""
    name = problem.removeprefix("-")
    joined = fetch.joins[name]
    columns = ", ".join(joined.our_names)
    if problem.startswith("-"):
        return failed(columns, N_("%(file)s has no row for this."), file=joined.staged.path)
    return failed(
        columns, N_("%(file)s has several rows for this. Keep one of them."), file=joined.staged.path
    )


OwnFields = Mapping[str, Mapping[str, FieldDef]]
"""The own fields of the branch: record, name in a mapping (`custom.KEY`), how it is read."""


def compile_plans(
    mapping: shape.Mapping, staging: Staging, currency: str, own: OwnFields
) -> tuple[list[Plan], list[Fault]]:
    """All records in the order in which they are imported, and every column that is not there."""
    faults: list[Fault] = []
    plans = [
        _compile(mapping, staging, currency, number, record, faults, own.get(record.record, {}))
        for number, record in enumerate(mapping.records)
        if record.file in staging.files
    ]
    return sorted(plans, key=lambda plan: ORDER[plan.map.record]), faults


def _compile(
    mapping: shape.Mapping,
    staging: Staging,
    currency: str,
    number: int,
    record: shape.RecordMap,
    faults: list[Fault],
    own: Mapping[str, FieldDef],
) -> Plan:
    at: tuple[int | str, ...] = ("records", number)
    definition = RECORDS[record.record]
    fetch = Fetch(staging, staging.files[record.file], faults)
    compiler = Compiler(mapping, fetch, currency, at, own)
    compiler.joins(record.joins)
    fields = compiler.fields(record.fields, definition.fields)
    keys = [
        compiler.rule(shape.Rule(column=name), (*at, "key", place)) for place, name in enumerate(record.key)
    ]
    branch = compiler.rule(record.branch, (*at, "branch")) if record.branch else None
    where = [
        (compiler.rule(shape.Rule(column=name), (*at, "where", name)), frozenset(values))
        for name, values in record.where.items()
    ]
    plan = Plan(number, record, definition, fetch.base, fetch, fields, keys, branch, where)
    plan.sums = {name: rule.sum_of_lines for name, rule in record.fields.items() if rule.sum_of_lines}
    if record.lines is not None and definition.line_fields is not None:
        plan.lines = _child(plan, mapping, record.lines, definition.line_fields, currency, (*at, "lines"))
    given = record.instalments
    if given is not None and definition.instalment_fields is not None:
        if given.due_on is not None:
            plan.due_on = compiler.field(
                "due_on", given.due_on, FieldDef("date"), (*at, "instalments", "due_on")
            )
        if given.file is not None and given.on is not None and given.fields is not None:
            children = shape.Children(file=given.file, on=given.on, joins=given.joins, fields=given.fields)
            plan.instalments = _child(
                plan, mapping, children, definition.instalment_fields, currency, (*at, "instalments")
            )
    plan.currency = _currency_of(plan, currency)
    plan.says_currency = plan.currency != currency and "currency" in definition.fields
    return plan


def _currency_of(plan: Plan, base: str) -> str:
    """The currency that the mapping names for the record's amounts; the base currency where it names none."""
    children = [child.fields for child in (plan.lines, plan.instalments) if child is not None]
    named = [
        one.reader.currency
        for one in chain(plan.fields, *children)
        if one.definition.kind == "amount" and not one.definition.in_base
    ]
    return next((name for name in named if name != base), base)


def _child(
    plan: Plan,
    mapping: shape.Mapping,
    given: shape.Children,
    known: Mapping[str, FieldDef],
    currency: str,
    at: tuple[int | str, ...],
) -> ChildPlan | None:
    staging = plan.fetch.staging
    if given.file not in staging.files:
        return None
    fetch = Fetch(staging, staging.files[given.file], plan.fetch.faults)
    compiler = Compiler(mapping, fetch, currency, at)
    compiler.joins(given.joins)
    fields = compiler.fields(given.fields, known)
    theirs, ours, parent_columns = [], [], []
    for their_column, our_column in given.on.items():
        place = key_path((*at, "on"))
        fetch.ask(their_column, place)
        ours.append(plan.fetch.ask(our_column, place))
        found, mine = fetch.base.column(their_column), plan.staged.column(our_column)
        if isinstance(found, int) and isinstance(mine, int):
            theirs.append(found)
            parent_columns.append(mine)
    return ChildPlan(list(given.on), fetch.base, fetch, theirs, ours, fields, plan.staged, parent_columns)
