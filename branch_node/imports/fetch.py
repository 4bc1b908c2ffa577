"""The SQL that reads one staged file with the files joined to it: which columns, from where, beside which rows."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from branch_node.imports.problems import Fault
from branch_node.imports.staging import StagedFile, Staging
from shared.errors import Text

FIXED = 3
"""Columns of a fetched row before the ones asked for: line, outcome, problem of a join."""


@dataclass
class Fetch:
    """What is read of one file and its joins: the columns asked for, and the SQL for it."""

    staging: Staging
    base: StagedFile
    faults: list[Fault]
    columns: list[tuple[str, int]] = field(default_factory=list)
    joins: dict[str, "Joined"] = field(default_factory=dict)

    def join(
        self, name: str, staged: StagedFile, on: Mapping[str, str], at: str, *, required: bool = False
    ) -> None:
        """Put rows of another file beside each row: column there = column here."""
        theirs, ours = [], []
        for their_column, our_column in on.items():
            found = staged.column(their_column)
            mine = self._find(our_column)
            for place in (found, mine):
                if isinstance(place, Text):
                    self.faults.append(Fault(at, place))
            if isinstance(found, int) and isinstance(mine, tuple):
                theirs.append(found)
                ours.append(mine)
        if theirs:
            self.joins[name] = Joined(staged, theirs, ours, required, list(on.values()))

    def _find(self, column: str) -> tuple[str, int] | Text:
        """The (alias, position) of `column` or `join.column`."""
        own = self.base.column(column)
        prefix, dot, rest = column.partition(".")
        if isinstance(own, int):
            return "s", own
        if dot and prefix in self.joins:
            found = self.joins[prefix].staged.column(rest)
            return (f"j_{prefix}", found) if isinstance(found, int) else found
        return own

    def ask(self, column: str, at: str) -> int:
        """The position of a column in the rows that `sql` gives; a fault when there is none."""
        found = self._find(column)
        if isinstance(found, Text):
            self.faults.append(Fault(at, found))
            return 0
        if found not in self.columns:
            self.columns.append(found)
        return FIXED + self.columns.index(found)

    def prepare(self) -> None:
        """Index what the joins search by, and find out which joins may be ambiguous."""
        for joined in self.joins.values():
            self.staging.index(joined.staged, joined.theirs)
            joined.has_twins = self.staging.has_twins(joined.staged, joined.theirs)

    def sql(self, where: str, order: str = "s.line") -> str:
        """SELECT line, outcome, ambiguous join, then the columns asked for."""
        doubtful = [
            f"WHEN ({joined.count_sql()}) > 1 THEN '{name}'"
            for name, joined in self.joins.items()
            if joined.has_twins
        ]
        missing = [
            f"WHEN j_{name}.line IS NULL THEN '-{name}'"
            for name, joined in self.joins.items()
            if joined.required
        ]
        problem = f"CASE {' '.join(doubtful + missing)} END" if doubtful or missing else "NULL"
        picked = "".join(f", {alias}.c{number}" for alias, number in self.columns)
        joins = " ".join(joined.sql(name) for name, joined in self.joins.items())
        return f"SELECT s.line, s.outcome, {problem}{picked} FROM {self.base.table} s {joins} WHERE {where} ORDER BY {order}"


@dataclass
class Joined:
    """A joined file: which of its columns equal which of ours."""

    staged: StagedFile
    theirs: list[int]
    ours: list[tuple[str, int]]
    required: bool
    our_names: list[str]
    has_twins: bool = False

    def _equal(self, alias: str) -> str:
        pairs = zip(self.theirs, self.ours, strict=True)
        equal = [f"{alias}.c{their} = {our}.c{number}" for their, (our, number) in pairs]
        return " AND ".join([*equal, f"{alias}.c{self.theirs[0]} <> ''"])

    def sql(self, name: str) -> str:
        table = self.staged.table
        return f"LEFT JOIN {table} j_{name} ON j_{name}.line = (SELECT min(x.line) FROM {table} x WHERE {self._equal('x')})"

    def count_sql(self) -> str:
        return f"SELECT count(*) FROM {self.staged.table} x WHERE {self._equal('x')}"
