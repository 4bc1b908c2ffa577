"""Chains the audit entries of headquarters, each to the one before it, and proves the chain.

The hash is that of the branches' logs (`extend_chain`). An entry that was altered, removed, put elsewhere or slipped in makes
the chain another from its place on. The end of the chain goes to the log of the process with each entry: who alters entries
and links alike is found by comparing with what was logged, or with an end that was noted or exported before.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared import log
from shared.canonical import canonical_json
from shared.database import execute, fetch_all, fetch_one, transaction
from shared.records import COMPANY
from shared.replication.change import CHAIN_START, extend_chain
from shared.web.keyset import as_kind

events = log.get_logger()
PIECE_ROWS = 1_000
ENTRY = """e.id, e.branch, e.happened_on, e.recorded_at, e.recorded_by, e.person_id, e.person_name, e.action, e.entity,
e.entity_id, e.details, e.deleted_at"""
CHAINED = f"""SELECT l.seq, l.chain, {ENTRY} FROM hq_audit_link l
LEFT JOIN audit_entry e ON e.id = l.entry_id AND e.branch = :company WHERE l.seq > :after ORDER BY l.seq LIMIT {PIECE_ROWS}"""
UNCHAINED = f"""SELECT {ENTRY} FROM audit_entry e WHERE e.branch = :company
AND NOT EXISTS (SELECT 1 FROM hq_audit_link l WHERE l.entry_id = e.id) ORDER BY e.id LIMIT {PIECE_ROWS}"""


@dataclass(frozen=True)
class Proof:
    """What the check found: entries 1 to `last` are as they were written, the chain ends with `end`. `broken_at` is the place
    of the first entry that is not, 0 when all are; `unchained` counts entries that have no place in the chain."""

    last: int
    end: str
    broken_at: int = 0
    unchained: int = 0

    @property
    def is_whole(self) -> bool:
        return not self.broken_at and not self.unchained


def line_of(row: Mapping[str, Any]) -> bytes:
    """An entry as the hash goes over it: the same on both engines."""
    plain = {
        name: None if row[name] is None else str(row[name])
        for name in ("id", "branch", "recorded_at", "recorded_by", "person_id", "person_name", "action", "entity", "entity_id", "details", "deleted_at")
    }  # fmt: skip
    return canonical_json({**plain, "happened_on": as_kind(row["happened_on"], date).isoformat()}).encode()


async def adopt() -> int:
    """Chain the entries written before there was a chain, once, in the order of their ids; how many."""
    async with transaction():
        if await fetch_one("SELECT id FROM hq_audit_head"):
            return 0
        await begin()
        count = 0
        while rows := await fetch_all(UNCHAINED, company=COMPANY):
            await chain_rows(rows)
            count += len(rows)
    return count


async def begin() -> None:
    """The head of an empty chain, where there is none."""
    await execute(
        "INSERT INTO hq_audit_head (id, seq, chain) VALUES (1, 0, :start) ON CONFLICT (id) DO NOTHING",
        start=CHAIN_START.hex(),
    )


async def chain_entry(entry_id: Any) -> None:
    """Give an entry that was just written its place, inside the caller's transaction."""
    await begin()
    rows = await fetch_all(f"SELECT {ENTRY} FROM audit_entry e WHERE e.id = :id", id=entry_id)
    seq, chain = await chain_rows(rows)
    events.info("audit entry chained", seq=seq, chain=chain)


async def chain_rows(rows: Sequence[Mapping[str, Any]]) -> tuple[int, str]:
    """Put entries at the end of the chain; its new end. Who comes meanwhile waits for this transaction."""
    await execute("UPDATE hq_audit_head SET seq = seq + :count WHERE id = 1", count=len(rows))
    head = await fetch_one("SELECT seq, chain FROM hq_audit_head WHERE id = 1")
    assert head is not None
    seq, chain = int(head["seq"]) - len(rows), bytes.fromhex(head["chain"])
    for row in rows:
        seq, chain = seq + 1, extend_chain(chain, [line_of(row)])
        await execute(
            "INSERT INTO hq_audit_link (seq, entry_id, chain) VALUES (:seq, :id, :chain)",
            seq=seq,
            id=row["id"],
            chain=chain.hex(),
        )
    await execute("UPDATE hq_audit_head SET chain = :chain WHERE id = 1", chain=chain.hex())
    return seq, chain.hex()


async def prove() -> Proof:
    """Compute the chain over all entries anew and compare it at every place and at its end. May be called at any time."""
    async with transaction():  # entries that are written meanwhile wait, on SQLite
        head = await fetch_one("SELECT seq, chain FROM hq_audit_head WHERE id = 1")
        end = int(head["seq"]) if head else 0
        place, chain = 0, CHAIN_START
        while place < end:
            rows = await fetch_all(CHAINED, company=COMPANY, after=place)
            for row in rows[: end - place]:
                chain = extend_chain(chain, [line_of(row)]) if row["id"] is not None else b""
                if int(row["seq"]) != place + 1 or chain.hex() != row["chain"]:
                    return Proof(place, "", place + 1)
                place += 1
            if not rows:
                return Proof(place, "", place + 1)
        if head is not None and chain.hex() != head["chain"]:
            return Proof(place, "", place + 1)
        outside = await fetch_one(
            "SELECT COUNT(*) AS n FROM audit_entry e WHERE e.branch = :company "
            "AND NOT EXISTS (SELECT 1 FROM hq_audit_link l WHERE l.entry_id = e.id)",
            company=COMPANY,
        )
    return Proof(place, chain.hex(), unchained=int(outside["n"]) if outside else 0)
