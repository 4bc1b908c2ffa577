"""The mapping file: which column of which file becomes which field of which record. Its shape, read and checked.

README.md explains it, mapping.schema.json is generated from these classes. `load` reports all faults at once, each
with its place in the TOML file. What a record's fields are called is in `vocabulary`.
"""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from branch_node.imports.problems import BadMapping, Fault
from shared.errors import Text
from shared.i18n import N_

SCHEMA_FILE = Path(__file__).with_name("mapping.schema.json")
LARGEST_MAPPING_BYTES = 1_000_000
NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,39}$"

Scalar = bool | int | Decimal | date | str
Name = Annotated[str, Field(pattern=NAME)]


class Part(BaseModel):
    """Base of all parts of a mapping: unknown keys are faults."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Notation(Part):
    """How values are written. What is not given here is taken from the wider place: field, file, [formats]."""

    decimal: Literal[".", ","] | None = Field(
        default=None, description="Decimal sign of numbers; default '.'."
    )
    dates: list[str] | None = Field(
        default=None,
        min_length=1,
        description="Date formats tried in order: YYYY or YY, MM, M, MMM (Jan) or MMMM, DD or D, HH, mm, ss.",
    )
    currency: Annotated[str, Field(pattern="^[A-Z]{3}$")] | None = Field(
        default=None, description="Currency of amounts; default: the branch's base currency."
    )


class Lookup(Part):
    """A value of another file, found by one column: `{ lookup = { file, key, by, column } }`."""

    file: Name = Field(description="A name under [files].")
    key: str = Field(description="Column of that file which is searched.")
    by: str = Field(description="Column of this record's row that holds what is searched.")
    column: str = Field(description="Column of that file which gives the value.")


class Rule(Notation):
    """Where the value of a field comes from. A plain text in its place means `{ column = "..." }`.

    Exactly one of the sources; then, in this order: `values`, `default`, `add_days`.
    """

    column: str | None = Field(default=None, description="Column of the file, or join.column.")
    constant: Scalar | None = Field(default=None, description="The same value for every row.")
    concat: list["Source"] | None = Field(
        default=None, min_length=1, description="Texts joined; empty ones are left out."
    )
    multiply: list["Source"] | None = Field(
        default=None, min_length=2, description="Product of numbers, rounded once."
    )
    first: list["Source"] | None = Field(
        default=None, min_length=2, description="The first value that is not empty."
    )
    lookup: Lookup | None = Field(default=None, description="A value of another file.")
    sum_of_lines: str | None = Field(default=None, description="Sum of this field over the record's lines.")
    separator: str = Field(default=" ", description="Between the parts of `concat`.")
    values: dict[str, Scalar] | None = Field(default=None, description="What each value in the file means.")
    otherwise: Scalar | None = Field(
        default=None, description="What a value means that `values` does not have."
    )
    default: Scalar | None = Field(default=None, description="Taken when the cell is empty.")
    add_days: int | None = Field(default=None, description="Days added to a date.")
    unknown: Literal["fail", "empty"] = Field(
        default="fail", description="What to do when a record that is referred to is not known."
    )

    @model_validator(mode="after")
    def _one_source(self) -> "Rule":
        if len(self.sources) != 1:
            raise ValueError("source")
        if self.otherwise is not None and self.values is None:
            raise ValueError("otherwise")
        return self

    @property
    def sources(self) -> list[str]:
        return [name for name in SOURCES if getattr(self, name) is not None]


SOURCES = ("column", "constant", "concat", "multiply", "first", "lookup", "sum_of_lines")


def _as_rule(value: Any) -> Any:
    return {"column": value} if isinstance(value, str) else value


Source = Annotated[Rule, BeforeValidator(_as_rule, json_schema_input_type=str | Rule)]
Rule.model_rebuild()


class Formats(Notation):
    """Defaults for all files."""

    encoding: list[str] = Field(
        default=["utf-8"],
        min_length=1,
        description="Encodings tried in order when a file has no byte order mark, e.g. ['utf-8', 'gb18030'].",
    )
    delimiter: Literal[",", ";", "\t", "|"] | None = Field(
        default=None, description="Found from the header if missing."
    )
    empty: list[str] = Field(default=[], description="Texts that mean 'no value', e.g. ['NULL', 'N/A'].")


class SourceFile(Notation):
    """One file of the folder."""

    path: str = Field(description="Path inside the folder, .csv, .tsv, .txt or .xlsx.")
    sheet: str | None = Field(default=None, description="Sheet of a workbook; default: the first.")
    header_row: int = Field(default=1, ge=1, le=100, description="Row in which the column names stand.")
    encoding: list[str] | None = Field(default=None, min_length=1)
    delimiter: Literal[",", ";", "\t", "|"] | None = None
    empty: list[str] | None = None
    short_rows: Literal["fail", "fill"] = Field(
        default="fail",
        description="A row with fewer cells than the header: refuse it, or take the missing ones as empty.",
    )
    optional: bool = Field(default=False, description="Whether the file may be missing.")


class Join(Part):
    """Rows of another file beside this record's rows; at most one row fits."""

    file: Name
    on: dict[str, str] = Field(
        min_length=1, description="Column of the joined file = column of this row (or of an earlier join)."
    )
    required: bool = Field(default=False, description="Refuse rows for which nothing fits.")


class Children(Part):
    """Rows of another file that belong to one record: the lines or instalments of an order."""

    file: Name
    on: dict[str, str] = Field(min_length=1, description="Column of that file = column of the record's file.")
    joins: dict[Name, Join] = {}
    fields: dict[str, Source]


class PlanPart(Part):
    """A share of an order and when it is due."""

    percent: Annotated[Decimal, Field(gt=0, le=100, decimal_places=2)]
    days: Annotated[int, Field(ge=0, le=3650)] = 0


class Instalments(Part):
    """When an approved order is payable: `days` after it, `due_on` a date, a `plan` of shares, or a `file` of rows."""

    days: Annotated[int, Field(ge=0, le=3650)] | None = None
    due_on: Source | None = None
    plan: list[PlanPart] | None = Field(default=None, min_length=1)
    file: Name | None = None
    on: dict[str, str] | None = None
    joins: dict[Name, Join] = {}
    fields: dict[str, Source] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> "Instalments":
        given = [self.days is not None, self.due_on is not None, self.plan is not None, self.file is not None]
        if sum(given) != 1:
            raise ValueError("instalments")
        if (self.file is not None) != (self.on is not None and self.fields is not None):
            raise ValueError("instalment_file")
        if self.plan is not None and sum(part.percent for part in self.plan) != 100:
            raise ValueError("percent")
        return self


class RecordMap(Part):
    """Rows of one file as records of one kind."""

    record: str = Field(description="Kind of record, e.g. customer, order, receipt.")
    file: Name = Field(description="A name under [files].")
    key: list[str] = Field(
        default=[],
        description="Columns that identify a row of the file for ever; default: its whole content.",
    )
    branch: Source | None = Field(
        default=None, description="Which branch the row belongs to; missing: every branch."
    )
    where: dict[str, list[str]] = Field(
        default={}, description="Only rows whose column has one of these values."
    )
    joins: dict[Name, Join] = {}
    match: list[str] | None = Field(
        default=None,
        description="What shows that a row is already here: code, tax_number, phone, email, name ...",
    )
    on_match: Literal["skip", "fill", "update", "fail"] = Field(
        default="skip",
        description="A row that is already here: leave it, fill its empty fields, update it, or refuse.",
    )
    on_edited: Literal["keep", "update"] = Field(
        default="keep",
        description="The file changed, and a person changed the record: keep the record, or update it.",
    )
    alike: bool = Field(
        default=False,
        description="Customers: weigh all that is known together and report those that are probably the same.",
    )
    allocate: Literal["oldest", "named", "none"] = Field(
        default="oldest",
        description="Receipts: pay the oldest instalments, only the order named, or nothing.",
    )
    lines: Children | None = None
    instalments: Instalments | None = None
    fields: dict[str, Source]


class Branches(Part):
    """Which branch is which in the files."""

    codes: dict[str, str] = Field(
        default={}, description="Branch code = its code in the files; default: the branch's external code."
    )
    unassigned: str | None = Field(
        default=None, description="Branch that takes the rows which belong to none."
    )


class Mapping(Part):
    """A whole mapping file."""

    name: Name = Field(description="Namespace of the keys: never change it for the same source of data.")
    title: str = ""
    formats: Formats = Formats()
    branch: Branches = Branches()
    files: dict[Name, SourceFile] = Field(min_length=1)
    records: list[RecordMap] = Field(min_length=1)

    def notation(self, file: str, rule: Notation) -> Notation:
        """How the values of a field are written: field, then file, then [formats]."""
        source = self.files[file]
        found = {
            name: next(
                (
                    getattr(place, name)
                    for place in (rule, source, self.formats)
                    if getattr(place, name) is not None
                ),
                None,
            )
            for name in ("decimal", "dates", "currency")
        }
        return Notation(**found)


@dataclass(frozen=True)
class Loaded:
    """A mapping that passed every check that needs no data. `digest` is the SHA-256 of the file."""

    mapping: Mapping
    digest: str
    path: str


def load(path: Path) -> Loaded:
    """Read and check a mapping file. BadMapping with all faults; each names its place."""
    try:
        if path.stat().st_size > LARGEST_MAPPING_BYTES:
            raise BadMapping(
                [Fault("", Text(N_("%(file)s is too large for a mapping file."), file=path.name))]
            )
        raw = path.read_bytes()
    except OSError as wrong:
        message = Text(
            N_("%(file)s cannot be read: %(reason)s."), file=path.name, reason=wrong.strerror or "?"
        )
        raise BadMapping([Fault("", message)]) from None
    try:
        tree = tomllib.loads(raw.decode("utf-8-sig"), parse_float=Decimal)
    except UnicodeDecodeError:
        raise BadMapping(
            [Fault("", Text(N_("%(file)s is not UTF-8. Save it as UTF-8."), file=path.name))]
        ) from None
    except (ValueError, RecursionError) as wrong:  # numbers without end and lists in lists, too
        message = Text(N_("%(file)s is not TOML: %(reason)s."), file=path.name, reason=str(wrong))
        raise BadMapping([Fault("", message)]) from None
    return Loaded(check(tree), hashlib.sha256(raw).hexdigest(), path.name)


def check(tree: dict[str, Any]) -> Mapping:
    """The mapping of a TOML tree. BadMapping with all faults of shape, then with all faults of meaning."""
    from branch_node.imports.mapping_faults import shape_faults
    from branch_node.imports.vocabulary import meaning_faults

    try:
        mapping = Mapping.model_validate(tree)
    except ValidationError as wrong:
        raise BadMapping(list(shape_faults(wrong, tree))) from None
    faults = meaning_faults(mapping)
    if faults:
        raise BadMapping(faults)
    return mapping


def json_schema() -> str:
    """The JSON schema of a mapping file, as written to mapping.schema.json."""
    schema = Mapping.model_json_schema()
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    schema["title"] = "Trunkline import mapping"
    return json.dumps(schema, indent=2, ensure_ascii=False, sort_keys=True) + "\n"
