"""`python -m hq verify`: proves that headquarters equals its branches, or names the rows that differ.

Three proofs per branch, each recomputed from headquarters' own rows: every table's digest equals the one the branch
claimed at the cursor; nothing is in quarantine; the rollups equal the sums over the facts. Which rows of a table differ
only the branch can tell: it is asked at its next contact (hq.replication.scrub), and nothing is changed by it.
"""

import asyncio
import json
from dataclasses import asdict, dataclass, field

from hq.figures import rebuild
from hq.replication.models import BranchCursor, QuarantinedChange, ScrubRow
from hq.replication.naming import settled_runs
from hq.replication.scrub import Compared, compare, scrub_branch
from shared.replication.change import Digest


@dataclass(frozen=True)
class TableProof:
    """One table of one branch: rows here, and whether their digest is the branch's own."""

    table: str
    rows: int
    is_proved: bool


@dataclass(frozen=True)
class RowDifference:
    """A row that is not what the branch holds; `kind`: changed | missing | invented (here), `columns` what differs."""

    table: str
    id: str
    kind: str
    columns: list[str]


@dataclass(frozen=True)
class BranchProof:
    """What was proved of one branch at (epoch, position). `rows` name what differs; empty while the branch has not told."""

    branch: str
    epoch: str
    position: int
    is_proved: bool
    quarantined: int
    tables: list[TableProof] = field(default_factory=list)
    rows: list[RowDifference] = field(default_factory=list)


@dataclass(frozen=True)
class Proof:
    """The whole: proved only when every branch and the rollups are."""

    is_proved: bool
    branches: list[BranchProof]
    rollup_differences: list[str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


def proof_of(compared: Compared, quarantined: int, rows: list[RowDifference]) -> BranchProof:
    """What comparing says."""
    differing = set(compared.differing)
    tables = [
        TableProof(name, digest.count, name not in differing)
        for name, digest in compared.found.items()
        if digest.count or Digest.parse(compared.claimed.get(name, "")).count or name in differing
    ]
    proved = not quarantined and not differing
    return BranchProof(compared.branch, compared.epoch, compared.seq, proved, quarantined, tables, rows)


async def verify(branch: str | None = None, *, wait_seconds: float = 0.0) -> Proof:
    """Proof for one branch or all. With `wait_seconds` the branches are asked which rows differ, and waited for."""
    cursors = BranchCursor.all() if branch is None else BranchCursor.filter(branch=branch)
    codes = [row.branch for row in await cursors.order_by("branch")]
    found, cells = await asyncio.gather(compare_all(codes), rebuild.differences())
    named = await names([one.branch for one in found if one.differing], wait_seconds)
    proofs = []
    for one in found:
        quarantined = await QuarantinedChange.filter(branch=one.branch, settled_at=None).count()
        proofs.append(proof_of(one, quarantined, named.get(one.branch, [])))
    differences = [f"{' / '.join(cell.cell)}: kept {cell.kept}, facts {cell.recomputed}" for cell in cells]
    known = bool(proofs) or branch is None
    return Proof(known and not differences and all(proof.is_proved for proof in proofs), proofs, differences)


async def compare_all(codes: list[str]) -> list[Compared]:
    """One branch after the other, so that memory stays bounded."""
    return [await compare(code) for code in codes]


async def names(codes: list[str], wait_seconds: float) -> dict[str, list[RowDifference]]:
    """The rows that differ, as told by their branches within the time."""
    if not wait_seconds:
        return {}
    runs = await settled_runs([await scrub_branch(code, "command", is_mending=False) for code in codes], wait_seconds)  # fmt: skip
    return {
        run.branch: [
            RowDifference(row.tbl, row.row_id, row.kind, row.columns)
            for row in await ScrubRow.filter(run_id=run.id).order_by("tbl", "id")
        ]
        for run in runs
    }


def describe(proof: Proof) -> list[str]:
    """Lines for a person."""
    lines = []
    for branch in proof.branches:
        word = "proved" if branch.is_proved else "NOT PROVED"
        rows = sum(table.rows for table in branch.tables)
        lines.append(
            f"{branch.branch}: {word} at position {branch.position}, {rows:,} rows in {len(branch.tables)} tables"
        )
        lines += [
            f"  {table.table}: differs from the branch" for table in branch.tables if not table.is_proved
        ]
        lines += [
            f"    {row.table} {row.id}: {', '.join(row.columns) or row.kind + ' here'}" for row in branch.rows
        ]
        if branch.quarantined:
            lines.append(f"  {branch.quarantined} changes are in quarantine")
    lines += [f"rollup differs: {difference}" for difference in proof.rollup_differences]
    return [*lines, "Proved." if proof.is_proved else "Not proved."]
