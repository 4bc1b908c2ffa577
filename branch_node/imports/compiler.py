"""Turns the rules of a mapping into functions over fetched rows, and reads their texts as typed values."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from branch_node.imports import mapping as shape
from branch_node.imports.fetch import Fetch
from branch_node.imports.notation import Exact, Reader, chosen, limited, one_line, one_of, read_yes
from branch_node.imports.problems import Fault, RowFailed, failed, key_path
from branch_node.imports.staging import StagedFile
from branch_node.imports.vocabulary import FieldDef
from shared.errors import Text
from shared.i18n import N_
from shared.money import CURRENCIES

Cells = Sequence[Any]
Written = str | Exact
Evaluate = Callable[[Cells], Written]
FIELD_OF_CUSTOM = FieldDef("text", 500)


@dataclass
class FieldPlan:
    """One field: how its text is found and read."""

    name: str
    definition: FieldDef
    evaluate: Evaluate
    rule: shape.Rule
    reader: Reader

    def value(self, cells: Cells, currency: str = "") -> Any:
        """The typed value, None when there is none; an amount in `currency`, that of the record, in minor units.

        RowFailed names the field.
        """
        reader = self.reader
        if currency and self.definition.kind == "amount" and not self.definition.in_base:
            reader = reader.reading(currency)
        try:
            written = self.evaluate(cells)
            if self.rule.default is not None and written == "":
                written = str_of(self.rule.default)
            if written == "":
                if self.definition.required:
                    raise failed("", N_("This is empty, and the record cannot be without it."))
                return None
            found = read_value(self.definition, written, reader)
            if self.rule.add_days is not None and isinstance(found, date):
                found += timedelta(days=self.rule.add_days)
        except RowFailed as wrong:
            raise RowFailed(wrong.column or self.name, wrong.message) from None
        return found


def str_of(value: object) -> str:
    """A value of the mapping file as a cell would hold it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value.isoformat() if isinstance(value, date) else str(value)


def read_value(definition: FieldDef, written: Written, reader: Reader) -> Any:
    """The value of a field of this kind. RowFailed when it cannot be read."""
    kind = definition.kind
    if kind == "amount":
        return reader.amount_minor(written)
    if kind == "quantity":
        return reader.quantity_milli(written)
    if kind == "whole":
        return reader.whole(written)
    if kind == "number":
        return _decimal_text(Exact(reader.quantity_milli(written), 3))
    if kind == "percent":
        return reader.percent_bp(written)
    if kind == "rate":
        return reader.rate_e9(written)
    text = written if isinstance(written, str) else _decimal_text(written)
    if kind == "date":
        return reader.day(text)
    if kind == "yes":
        return read_yes(text)
    if kind == "long":
        return text
    if kind == "codes":
        return sorted(
            {chosen(one, definition.choices) for one in text.replace(";", ",").split(",") if one.strip()}
        )
    if kind == "code" and definition.choices:
        return chosen(text, definition.choices)
    if kind == "choice":
        return one_of(text, definition.choices)
    if kind == "currency":
        if text.upper() not in CURRENCIES:
            raise failed("", N_('"%(text)s" is no ISO 4217 currency. Map it with `values`.'), text=text)
        return text.upper()
    return limited(one_line(text), definition.limit)


def _decimal_text(number: Exact) -> str:
    digits = f"{abs(number.units):0{number.scale + 1}d}"
    whole, part = digits[: len(digits) - number.scale], digits[len(digits) - number.scale :].rstrip("0")
    return ("-" if number.units < 0 else "") + whole + (f".{part}" if part else "")


class Compiler:
    """Turns the rules of one file (with its joins) into functions over fetched rows."""

    def __init__(
        self,
        mapping: shape.Mapping,
        fetch: Fetch,
        currency: str,
        at: tuple[int | str, ...],
        own: Mapping[str, FieldDef] | None = None,
    ) -> None:
        self.own = own or {}
        self.mapping = mapping
        self.fetch = fetch
        self.currency = currency
        self.at = at
        source = mapping.files[fetch.base.name]
        empty = source.empty if source.empty is not None else mapping.formats.empty
        self.empty = frozenset(empty)

    def joins(self, joins: Mapping[str, shape.Join]) -> None:
        """Add the joins of the mapping in their order."""
        for name, join in joins.items():
            at = key_path((*self.at, "joins", name, "on"))
            if staged := self._file(join.file, at):
                self.fetch.join(name, staged, join.on, at, required=join.required)

    def _file(self, name: str, at: str) -> StagedFile | None:
        """A staged file; a fault when it is an optional one that is not in the folder."""
        staged = self.fetch.staging.files.get(name)
        if staged is None:
            path = self.mapping.files[name].path
            self.fetch.faults.append(
                Fault(at, Text(N_("%(file)s is missing, and this needs it."), file=path))
            )
        return staged

    def fields(self, rules: Mapping[str, shape.Rule], known: Mapping[str, FieldDef]) -> list[FieldPlan]:
        """The fields in the order of the mapping; sums of lines are left to the record. An own field is read by its kind, one
        that the branch does not have (yet) as text."""
        known = {**known, **self.own}
        return [
            self.field(name, rule, known.get(name, FIELD_OF_CUSTOM), (*self.at, "fields", name))
            for name, rule in rules.items()
            if rule.sum_of_lines is None
        ]

    def field(
        self, name: str, rule: shape.Rule, definition: FieldDef, at: tuple[int | str, ...]
    ) -> FieldPlan:
        reader = self.reader(rule)
        if definition.in_base and reader.currency != self.currency:
            message = N_("%(field)s is kept in %(base)s, the base currency of the branch, and cannot be given in %(other)s.")  # fmt: skip
            self.fetch.faults.append(
                Fault(key_path(at), Text(message, field=name, base=self.currency, other=reader.currency))
            )
        return FieldPlan(name, definition, self.rule(rule, at), rule, reader)

    def reader(self, rule: shape.Rule) -> Reader:
        notation = self.mapping.notation(self.fetch.base.name, rule)
        dates = tuple(notation.dates or ("YYYY-MM-DD",))
        if self.fetch.base.is_typed and "YYYY-MM-DD" not in dates:
            dates = ("YYYY-MM-DD", *dates)
        return Reader(notation.decimal or ".", dates, notation.currency or self.currency, self.empty)

    def rule(self, rule: shape.Rule, at: tuple[int | str, ...]) -> Evaluate:
        """The text of a rule for a row, after `values`."""
        found = self._source(rule, at)
        if rule.values is None:
            return found
        values = {key.strip(): str_of(value) for key, value in rule.values.items()}
        folded = {key.casefold(): value for key, value in values.items()}
        otherwise = None if rule.otherwise is None else str_of(rule.otherwise)
        place = key_path((*at, "values"))

        def mapped(cells: Cells) -> Written:
            text = str(found(cells))
            if text in values:
                return values[text]
            if text.casefold() in folded:
                return folded[text.casefold()]
            if otherwise is not None:
                return otherwise
            if text == "":
                return ""
            raise failed(
                "", N_('"%(text)s" has no meaning in %(place)s. Add it there.'), text=text, place=place
            )

        return mapped

    def _source(self, rule: shape.Rule, at: tuple[int | str, ...]) -> Evaluate:
        if rule.constant is not None:
            constant = str_of(rule.constant)
            return lambda cells: constant
        if rule.concat is not None:
            return self._concat(
                rule, [self.rule(one, (*at, "concat", n)) for n, one in enumerate(rule.concat)]
            )
        if rule.multiply is not None:
            return self._multiply(rule, at)
        if rule.first is not None:
            parts = [self.rule(one, (*at, "first", number)) for number, one in enumerate(rule.first)]
            return lambda cells: next((found for part in parts if (found := part(cells)) != ""), "")
        if rule.lookup is not None:
            column = self._lookup(rule.lookup, at)
        else:
            column = rule.column or ""
        return self._column(self.fetch.ask(column, key_path(at)))

    def _column(self, position: int) -> Evaluate:
        empty = self.empty
        if not empty:
            return lambda cells: cells[position] or ""

        def cell(cells: Cells) -> Written:
            text = cells[position]
            return "" if not text or text in empty else str(text)

        return cell

    def _lookup(self, lookup: shape.Lookup, at: tuple[int | str, ...]) -> str:
        name = f"lookup{len(self.fetch.joins)}"
        place = key_path((*at, "lookup"))
        if staged := self._file(lookup.file, place):
            self.fetch.join(name, staged, {lookup.key: lookup.by}, place)
        return f"{name}.{lookup.column}"

    @staticmethod
    def _concat(rule: shape.Rule, parts: Sequence[Evaluate]) -> Evaluate:
        separator = rule.separator

        def joined(cells: Cells) -> Written:
            texts = [
                one if isinstance(one, str) else _decimal_text(one) for one in (part(cells) for part in parts)
            ]
            return separator.join(text for text in texts if text)

        return joined

    def _multiply(self, rule: shape.Rule, at: tuple[int | str, ...]) -> Evaluate:
        factors = [
            (self.rule(one, (*at, "multiply", number)), self.reader(one))
            for number, one in enumerate(rule.multiply or ())
        ]

        def product(cells: Cells) -> Written:
            found = Exact(1, 0)
            for evaluate, reader in factors:
                written = evaluate(cells)
                if written == "":
                    return ""
                found = found * reader.number(written)
            return found

        return product
