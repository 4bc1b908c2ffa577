"""Reads of packs and their runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hq.reports.models import Pack
from shared.canonical import from_micros
from shared.database import fetch_all
from shared.permissions import Person

RUNS_SHOWN = 40

RUNS = """SELECT r.person_name, r.period, r.claimed_at, r.made_at, r.status, r.trouble, p.name AS pack, m.status AS mail_status,
m.trouble AS mail_trouble, m.sent_at FROM hq_pack_run r JOIN hq_pack p ON p.id = r.pack_id
LEFT JOIN hq_mail m ON m.id = r.mail_id WHERE r.pack_id IN :packs{where} ORDER BY r.claimed_at DESC, r.id DESC LIMIT 40"""


@dataclass(frozen=True)
class Run:
    """A run with what became of its mail."""

    pack: str
    person: str
    period: str
    at: datetime
    status: str
    mail_status: str
    trouble: str


async def packs_of(person: Person) -> list[Pack]:
    """The packs that a person made or gets, by name; all for who administers users."""
    rows = await Pack.all().order_by("name", "id")
    if person.may("role.edit"):
        return rows
    return [row for row in rows if row.owner_id == person.id or str(person.id) in row.recipients]


async def runs_of(person: Person, packs: Sequence[Pack]) -> list[Run]:
    """The last runs of these packs, newest first; of another's pack only one's own."""
    if not packs:
        return []
    mine = [pack.id for pack in packs if pack.owner_id == person.id or person.may("role.edit")]
    where = " AND (r.person_id = :person OR r.pack_id IN :mine)" if mine else " AND r.person_id = :person"
    rows = await fetch_all(
        RUNS.format(where=where),
        packs=[pack.id for pack in packs],
        person=person.id,
        mine=mine or [person.id],
    )
    return [run_of(row) for row in rows]


def run_of(row: Mapping[str, Any]) -> Run:
    """A row as a run."""
    at = row["sent_at"] or row["made_at"] or row["claimed_at"]
    return Run(
        str(row["pack"]), str(row["person_name"]), str(row["period"]), from_micros(int(at)), str(row["status"]),
        str(row["mail_status"] or ""), str(row["trouble"] or row["mail_trouble"] or ""),
    )  # fmt: skip
