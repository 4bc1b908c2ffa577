"""The records and fields that a mapping may fill, and the checks of a mapping that need no data.

`RECORDS` is the one list: the engine, the documentation and the faults of a mapping are made from it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from branch_node.imports import mapping as shape
from branch_node.imports.notation import date_format_fault
from branch_node.imports.problems import Fault, key_path, likeliest_first
from branch_node.receipts.rules import METHODS
from branch_node.staff.rules import DEPARTMENT_KINDS
from shared.errors import Text
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.permissions import ROLES

Kind = Literal[
    "text", "long", "code", "date", "amount", "quantity", "percent", "rate", "whole", "yes", "currency", "record",
    "codes", "number", "choice",
]  # fmt: skip
CUSTOM = "custom."
"""What the name of an own field of customers and orders begins with in a mapping."""


@dataclass(frozen=True)
class FieldDef:
    """A field of a record. `limit` is the most characters of a text, `of` the record a reference names,
    `choices` the codes that may stand in it. An amount `in_base` is always in the branch's base currency, any other
    in the currency of its record."""

    kind: Kind = "text"
    limit: int = 200
    required: bool = False
    of: str = ""
    choices: Sequence[str] = ()
    in_base: bool = False


@dataclass(frozen=True)
class RecordDef:
    """A kind of record. `natural` is the field by which people know it, `match` what a mapping may match by."""

    name: str
    table: str
    fields: Mapping[str, FieldDef]
    natural: str = ""
    match: Sequence[str] = ()
    line_fields: Mapping[str, FieldDef] | None = None
    instalment_fields: Mapping[str, FieldDef] | None = None


def _text(limit: int = 200, *, required: bool = False) -> FieldDef:
    return FieldDef("text", limit, required)


def _code(*choices: str) -> FieldDef:
    return FieldDef("code", 32, choices=choices)


def _to(record: str, *, required: bool = False) -> FieldDef:
    return FieldDef("record", of=record, required=required)


LONG, DATE, AMOUNT, YES, WHOLE = (
    FieldDef("long"),
    FieldDef("date"),
    FieldDef("amount"),
    FieldDef("yes"),
    FieldDef("whole"),
)
BASE_AMOUNT = FieldDef("amount", in_base=True)
NEEDED_DATE, NEEDED_AMOUNT = FieldDef("date", required=True), FieldDef("amount", required=True)
CURRENCY, RATE, PERCENT, QUANTITY = (
    FieldDef("currency"),
    FieldDef("rate"),
    FieldDef("percent"),
    FieldDef("quantity"),
)

_PLACE = {"city": _text(80), "state": _text(80), "postcode": _text(24), "country": _text(60)}

_ALL = (
    RecordDef(
        "branch",
        "branch",
        {
            "name": _text(120, required=True), "name_en": _text(120), "city": _text(80), "region": _text(32),
            "country": _text(2), "external_code": _text(64),
        },
    ),
    RecordDef(
        "department",
        "department",
        {"name": _text(120, required=True), "kind": _code(*DEPARTMENT_KINDS), "active": YES},
        natural="name",
    ),
    RecordDef(
        "employee",
        "employee",
        {
            "number": _text(32, required=True), "name": _text(120, required=True), "email": _text(), "phone": _text(60),
            "position": _text(120), "department": _to("department"), "manager_number": _text(32), "hired_on": DATE,
            "left_on": DATE, "active": YES, "discount_limit": PERCENT,
            "roles": FieldDef("codes", choices=[role.code for role in ROLES if role.place == "branch"]),
        },
        natural="number",
        match=("number", "email"),
    ),
    RecordDef(
        "product",
        "product",
        {
            "code": _text(40, required=True), "name": _text(required=True), "category": _text(80), "unit": _text(16),
            "currency": CURRENCY, "list_price": AMOUNT, "cost": AMOUNT, "description": LONG, "active": YES,
        },
        natural="code",
    ),
    RecordDef(
        "customer",
        "customer",
        {
            "code": _text(40), "name": _text(required=True), "status": _code("prospect", "customer", "dormant", "lost"),
            "kind": _text(32), "group": _text(32), "region": _text(80), "industry": _text(80), "source": _text(80),
            "owner": _to("employee"), "phone": _text(80), "mobile": _text(80), "email": _text(), "website": _text(),
            "address": _text(300), **_PLACE, "tax_number": _text(60), "tax_rule": _text(32), "bank_name": _text(120),
            "bank_account": _text(60), "currency": CURRENCY, "payment_terms_days": WHOLE, "credit_limit": BASE_AMOUNT,
            "credit_hold": YES, "concessions": LONG, "commission_code": _text(32), "ship_to": _text(300),
            "invoice_to": _text(300), "acquired_on": DATE, "signed_on": DATE, "notes": LONG,
        },
        natural="code",
        match=("code", "tax_number", "phone", "email", "name"),
    ),
    RecordDef(
        "contact",
        "contact",
        {
            "customer": _to("customer", required=True), "name": _text(120, required=True), "position": _text(120),
            "is_main": YES, "birthday_on": DATE, "phone": _text(80), "mobile": _text(80), "email": _text(),
            "notes": LONG,
        },
    ),
    RecordDef(
        "address",
        "address",
        {
            "customer": _to("customer", required=True), "kind": _code("ship_to", "invoice_to", "other"),
            "line": _text(300, required=True), **_PLACE,
        },
    ),
    RecordDef(
        "activity",
        "activity",
        {
            "customer": _to("customer", required=True), "owner": _to("employee"),
            "kind": _code("call", "visit", "mail", "message", "meeting"), "status": _code("planned", "done"),
            "subject": _text(required=True), "notes": LONG, "outcome": _text(24), "planned_on": DATE,
            "happened_on": DATE, "next_on": DATE, "is_return_visit": YES, "minutes": WHOLE, "cost": BASE_AMOUNT,
        },
    ),
    RecordDef(
        "order",
        "sales_order",
        {
            "number": _text(32, required=True), "customer": _to("customer", required=True), "owner": _to("employee"),
            "status": _code("draft", "submitted", "approved", "rejected", "executing", "completed", "cancelled"),
            "happened_on": NEEDED_DATE, "required_on": DATE, "approved_on": DATE, "shipped_on": DATE,
            "completed_on": DATE, "cancelled_on": DATE, "cancel_reason": _text(300), "is_disputed": YES,
            "on_hold": YES, "currency": CURRENCY, "rate": RATE, "total": AMOUNT, "discount": AMOUNT,
            "tax": AMOUNT, "payment_terms_days": WHOLE, "ship_to": _text(300), "notes": LONG, "sellers": _text(300),
        },
        natural="number",
        line_fields={
            "product": _to("product"), "text": _text(300), "quantity": QUANTITY, "price": AMOUNT,
            "list_price": AMOUNT, "cost": AMOUNT, "amount": AMOUNT, "position": WHOLE,
        },
        instalment_fields={"due_on": NEEDED_DATE, "amount": NEEDED_AMOUNT},
    ),
    RecordDef(
        "receipt",
        "receipt",
        {
            "number": _text(32), "customer": _to("customer", required=True), "owner": _to("employee"),
            "happened_on": NEEDED_DATE, "amount": NEEDED_AMOUNT, "currency": CURRENCY, "rate": RATE,
            "method": _code(*METHODS), "reference": _text(80), "order": _to("order"), "notes": LONG,
        },
    ),
    RecordDef(
        "expense",
        "expense",
        {
            "number": _text(32), "owner": _to("employee"), "category": _text(32, required=True),
            "happened_on": NEEDED_DATE, "amount": NEEDED_AMOUNT, "currency": CURRENCY, "rate": RATE,
            "status": _code("draft", "submitted", "approved", "rejected", "paid"), "description": _text(300),
            "customer": _to("customer"), "approved_on": DATE, "paid_on": DATE,
        },
    ),
)  # fmt: skip

RECORDS: Mapping[str, RecordDef] = {record.name: record for record in _ALL}
"""Every kind of record, in the order in which they are imported: what is referred to comes first."""
ORDER = {name: number for number, name in enumerate(RECORDS)}


# --- faults of meaning --------------------------------------------------------------------------------------------


def meaning_faults(mapping: shape.Mapping) -> list[Fault]:
    """Everything that is wrong with a mapping of the right shape: unknown names, missing fields, odd formats."""
    faults = [*_notation_faults(mapping), *_branch_faults(mapping)]
    for number, record in enumerate(mapping.records):
        faults += _RecordCheck(mapping, record, ("records", number)).faults()
    return faults


def _fault(location: tuple[int | str, ...], msgid: str, **params: object) -> Fault:
    return Fault(key_path(location), Text(msgid, **params))


def _named(name: str, known: Sequence[str]) -> str:
    """Known names for a fault, the likeliest first."""
    return ", ".join(likeliest_first(name, known)) or "-"


def _notation_faults(mapping: shape.Mapping) -> Iterator[Fault]:
    places: list[tuple[tuple[int | str, ...], shape.Notation]] = [(("formats",), mapping.formats)]
    places += [(("files", name), source) for name, source in mapping.files.items()]
    for location, place in places:
        yield from notation_faults(location, place)
        for encoding in getattr(place, "encoding", None) or ():
            if not is_encoding(encoding):
                yield _fault((*location, "encoding"), N_("There is no encoding %(name)s."), name=encoding)


def is_encoding(name: str) -> bool:
    """Whether Python reads text in this encoding."""
    try:
        return isinstance(b" ".decode(name, "ignore"), str)
    except LookupError:
        return False


def notation_faults(location: tuple[int | str, ...], place: shape.Notation) -> Iterator[Fault]:
    """Date formats that cannot be read and currencies that do not exist."""
    for number, text in enumerate(place.dates or ()):
        if fault := date_format_fault(text):
            yield Fault(key_path((*location, "dates", number)), fault)
    if place.currency is not None and place.currency not in CURRENCIES:
        yield _fault((*location, "currency"), N_("There is no currency %(name)s."), name=place.currency)


def _branch_faults(mapping: shape.Mapping) -> Iterator[Fault]:
    branch = mapping.branch
    if branch.unassigned and branch.codes and branch.unassigned not in branch.codes:
        yield _fault(
            ("branch", "unassigned"), N_("%(name)s is no branch of branch.codes: %(known)s."),
            name=branch.unassigned, known=", ".join(branch.codes),
        )  # fmt: skip
    values = list(branch.codes.values())
    for code, value in branch.codes.items():
        if values.count(value) > 1:
            yield _fault(("branch", "codes", code), N_("Two branches have the code %(name)s."), name=value)


class _RecordCheck:
    """The faults of one [[records]] entry."""

    def __init__(
        self, mapping: shape.Mapping, record: shape.RecordMap, location: tuple[int | str, ...]
    ) -> None:
        self.mapping = mapping
        self.record = record
        self.at = location

    def faults(self) -> list[Fault]:
        record, at = self.record, self.at
        definition = RECORDS.get(record.record)
        if definition is None:
            return [
                _fault(
                    (*at, "record"), N_("There is no record %(name)s. Known: %(known)s."),
                    name=record.record, known=_named(record.record, list(RECORDS)),
                )
            ]  # fmt: skip
        found = [*self._file(record.file, at), *self._joins(record.joins, at)]
        found += self._fields(record.fields, definition.fields, at)
        if record.branch is not None:
            found += self._rule(record.branch, (*at, "branch"))
        for number, name in enumerate(record.match or ()):
            if name not in {*definition.match, definition.natural}:
                found.append(
                    _fault(
                        (*at, "match", number), N_("%(record)s cannot be matched by %(name)s. Known: %(known)s."),
                        record=record.record, name=name, known=", ".join(definition.match) or definition.natural or "-",
                    )
                )  # fmt: skip
        if record.alike and record.record != "customer":
            found.append(
                _fault((*at, "alike"), N_("Only customers can be compared this way. Remove this line."))
            )
        found += self._children(record.lines, definition.line_fields, "lines")
        found += self._instalments(definition)
        return found

    def _file(self, name: str, at: tuple[int | str, ...]) -> Iterator[Fault]:
        if name not in self.mapping.files:
            yield _fault(
                (*at, "file"), N_("There is no [files.%(name)s]. Known: %(known)s."),
                name=name, known=_named(name, list(self.mapping.files)),
            )  # fmt: skip

    def _joins(self, joins: Mapping[str, shape.Join], at: tuple[int | str, ...]) -> Iterator[Fault]:
        earlier: list[str] = []
        for name, join in joins.items():
            place = (*at, "joins", name)
            yield from self._file(join.file, place)
            for column in join.on.values():
                prefix = column.partition(".")[0]
                if prefix in joins and prefix not in earlier:
                    yield _fault(
                        (*place, "on"), N_("Put join %(name)s before the join that uses it."), name=prefix
                    )
            earlier.append(name)

    def _fields(
        self, rules: Mapping[str, shape.Rule], known: Mapping[str, FieldDef], at: tuple[int | str, ...]
    ) -> Iterator[Fault]:
        for name, rule in rules.items():
            place = (*at, "fields", name)
            if name not in known and not self._is_custom(name, known):
                yield _fault(
                    place, N_("%(record)s has no field %(name)s. Known: %(known)s."),
                    record=self.record.record, name=name, known=_named(name, list(known)),
                )  # fmt: skip
            yield from self._rule(rule, place)
        for name, field in known.items():
            if field.required and name not in rules:
                yield _fault(
                    (*at, "fields", name),
                    N_("%(record)s needs the field %(name)s. Say where it comes from."),
                    record=self.record.record,
                    name=name,
                )

    def _is_custom(self, name: str, known: Mapping[str, FieldDef]) -> bool:
        """`custom.KEY` fills a custom field of customers and orders."""
        return (
            name.startswith(CUSTOM)
            and self.record.record in ("customer", "order")
            and known is RECORDS[self.record.record].fields
        )

    def _rule(self, rule: shape.Rule, at: tuple[int | str, ...]) -> Iterator[Fault]:
        yield from notation_faults(at, rule)
        if rule.lookup is not None:
            yield from self._file(rule.lookup.file, (*at, "lookup"))
        if rule.sum_of_lines is not None:
            lines = self.record.lines
            if lines is None or rule.sum_of_lines not in lines.fields:
                yield _fault(
                    (*at, "sum_of_lines"),
                    N_("The record has no lines with the field %(name)s."),
                    name=rule.sum_of_lines,
                )
        for source in ("concat", "multiply", "first"):
            for number, inner in enumerate(getattr(rule, source) or ()):
                yield from self._rule(inner, (*at, source, number))

    def _children(
        self, children: shape.Children | None, known: Mapping[str, FieldDef] | None, name: str
    ) -> Iterator[Fault]:
        if children is None:
            return
        at = (*self.at, name)
        if known is None:
            yield _fault(at, N_("%(record)s has no lines. Remove this table."), record=self.record.record)
            return
        yield from self._file(children.file, at)
        yield from self._joins(children.joins, at)
        yield from self._fields(children.fields, known, at)
        if "price" not in children.fields and "amount" not in children.fields:
            yield _fault((*at, "fields"), N_("A line needs the field price or the field amount."))

    def _instalments(self, definition: RecordDef) -> Iterator[Fault]:
        given = self.record.instalments
        if given is None:
            return
        at = (*self.at, "instalments")
        if definition.instalment_fields is None:
            yield _fault(
                at, N_("%(record)s has no instalments. Remove this table."), record=self.record.record
            )
            return
        if given.due_on is not None:
            yield from self._rule(given.due_on, (*at, "due_on"))
        if given.file is not None and given.fields is not None:
            yield from self._file(given.file, at)
            yield from self._joins(given.joins, at)
            yield from self._fields(given.fields, definition.instalment_fields, at)
