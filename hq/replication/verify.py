"""`python -m hq verify`: proves that headquarters equals its branches, or says where it does not.

Three proofs per branch, each recomputed from headquarters' own rows: every table's digest equals the one the branch
claimed at the cursor; nothing is in quarantine; the rollups equal the sums over the facts.
"""

import json
from dataclasses import asdict, dataclass, field

from hq.figures import rebuild
from hq.replication.models import BranchCursor, QuarantinedChange
from shared.database import engine
from shared.database.access import connection
from shared.replication.change import Digest
from shared.replication.columns import Table, replicated_tables

PAGE = 5_000


@dataclass(frozen=True)
class TableProof:
    """One table of one branch: rows here, and whether their digest is the branch's own."""

    table: str
    rows: int
    is_proved: bool


@dataclass(frozen=True)
class BranchProof:
    """What was proved of one branch at (epoch, position)."""

    branch: str
    epoch: str
    position: int
    is_proved: bool
    quarantined: int
    tables: list[TableProof] = field(default_factory=list)


@dataclass(frozen=True)
class Proof:
    """The whole: proved only when every branch and the rollups are."""

    is_proved: bool
    branches: list[BranchProof]
    rollup_differences: list[str]

    def to_json(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)


async def table_digest(table: Table, branch: str) -> Digest:
    """The digest of a branch's rows of one table, recomputed from the rows in pages of bounded size."""
    dialect = engine()
    digest = Digest()
    last = "" if dialect == "sqlite" else "00000000-0000-0000-0000-000000000000"
    place, bound = ("?", "?") if dialect == "sqlite" else ("$1", "$2::text::uuid")
    sql = (
        f"SELECT CAST(r.id AS {'TEXT' if dialect == 'sqlite' else 'VARCHAR'}) AS id, {table.canonical_sql('r', dialect)} AS row "
        f'FROM "{table.name}" r WHERE r.branch = {place} AND r.id > {bound} ORDER BY r.id LIMIT {PAGE}'
    )
    while True:
        rows = await connection().execute_query_dict(sql, [branch, last])
        digest.add_all(row["row"].encode() for row in rows)
        if len(rows) < PAGE:
            return digest
        last = rows[-1]["id"]


async def verify_branch(cursor: BranchCursor) -> BranchProof:
    """Recompute every table of one branch. The branch's own claim is what its batches carried."""
    claimed = {**cursor.digests, **cursor.unproven}
    tables = []
    for name, table in replicated_tables().items():
        found = await table_digest(table, cursor.branch)
        expected = claimed.get(name) or Digest().text()
        if found.count or name in claimed:
            tables.append(TableProof(name, found.count, found.text() == expected))
    quarantined = await QuarantinedChange.filter(branch=cursor.branch, settled_at=None).count()
    proved = not quarantined and all(table.is_proved for table in tables)
    return BranchProof(cursor.branch, cursor.epoch, cursor.seq, proved, quarantined, tables)


async def verify(branch: str | None = None) -> Proof:
    """Proof for one branch or all. Reads only; to be run while nothing else matters more."""
    cursors = BranchCursor.all().order_by("branch")
    if branch is not None:
        cursors = cursors.filter(branch=branch)
    proofs = [await verify_branch(cursor) for cursor in await cursors]
    differences = [
        f"{' / '.join(found.cell)}: kept {found.kept}, facts {found.recomputed}"
        for found in await rebuild.differences()
    ]
    known = bool(proofs) or branch is None
    return Proof(known and not differences and all(proof.is_proved for proof in proofs), proofs, differences)


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
        if branch.quarantined:
            lines.append(f"  {branch.quarantined} changes are in quarantine")
    lines += [f"rollup differs: {difference}" for difference in proof.rollup_differences]
    return [*lines, "Proved." if proof.is_proved else "Not proved."]
