"""Headquarters' side of the talk about rows that differ: from an answer of the branch to the next question.

Nothing is remembered between two questions but the run's findings: any process can go on, and a talk that was cut
begins again with the table it had reached.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

import msgspec
import structlog

from hq.audit.actions import note
from hq.replication.batch import Gap
from hq.replication.cursor import Cursor
from hq.replication.engine import applier_here
from hq.replication.incidents import open_incident
from hq.replication.mending import Order, mend, settle_table
from hq.replication.models import QuarantinedChange, ScrubRow, ScrubRun
from hq.replication.scrub import SITE, Asking, claims, move_on
from hq.replication.strangers import follow_up
from shared import clock, metrics
from shared.database import transaction
from shared.replication.change import Digest, row_hash
from shared.replication.columns import Table, replicated_tables
from shared.replication.scan import Rows, digits_for, view_of
from shared.replication.scrub import BUCKETS_AT_ONCE, ROWS_AT_ONCE, Answer, Question

log = structlog.get_logger(__name__)
NAMED_IN_AUDIT = 50


@dataclass
class Drill:
    """One answer being worked on: whose, what it is about, and what to do with what differs."""

    answer: Answer
    cursor: Cursor
    asking: Asking

    @property
    def table(self) -> Table:
        return replicated_tables()[self.answer.question.table]

    async def next_question(self) -> Question:
        """1 which buckets differ  2 which rows of them  3 what they are at the branch: kept, mended. Raises Gap when the
        cursor moved."""
        question = self.answer.question
        if question.table not in self.asking.tables[:1]:
            return self.first_question()
        if question.level == "buckets":
            return await self._after_buckets()
        if question.level == "hashes":
            return await self._after_hashes()
        return await self._after_rows()

    def first_question(self) -> Question:
        """About the first table that is left."""
        if not self.asking.tables:
            return Question()
        name = self.asking.tables[0]
        count = Digest.parse(self.cursor.claim(name)).count
        return Question(name, "buckets", digits_for(count))

    async def _after_buckets(self) -> Question:
        question = self.answer.question
        theirs = {bucket: Digest.parse(text) for bucket, text in self.answer.digests.items()}
        total = Digest()
        for digest in theirs.values():
            total.merge(digest)
        if total != Digest.parse(self.cursor.claim(question.table)):
            return await self._branch_is_broken()
        async with view_of() as view:
            epoch, seq, _claimed = await claims(view, self.answer.branch)
            if (epoch, seq) != (self.answer.epoch, self.answer.seq):
                raise Gap(self.cursor.reply())
            ours = await Rows(view, self.table, self.answer.branch).digests(question.digits)
        differing = sorted(b for b in ours.keys() | theirs.keys() if ours.get(b) != theirs.get(b))
        if not differing:
            async with applier_here() as applier:
                await settle_table(applier, self._order(), total.text())
        rest = [bucket for bucket in differing if bucket > question.after]
        if not rest:
            return await self._next_table()
        return Question(
            question.table, "hashes", question.digits, rest[:BUCKETS_AT_ONCE], after=question.after
        )

    async def _after_hashes(self) -> Question:
        """Rows that only headquarters has are deleted at once; the others are asked for."""
        ours, known = await self._ours(), await self._settled_ids()
        theirs = self.answer.hashes
        invented = {
            row_id: row for row_id, row in ours.items() if row_id not in theirs and row_id not in known
        }
        await self._settle(invented, {})
        wanted = [
            row_id
            for row_id, told in sorted(theirs.items())
            if row_id not in known and (row_id not in ours or f"{row_hash(ours[row_id]):032x}" != told)
        ]
        if not wanted:
            return self._further_buckets()
        return msgspec.structs.replace(
            self.answer.question, level="rows", ids=wanted[:ROWS_AT_ONCE], is_last=len(wanted) <= ROWS_AT_ONCE
        )

    async def _after_rows(self) -> Question:
        ours = await self._ours()
        told = {row_id: row.encode() for row_id, row in self.answer.rows.items()}
        await self._settle({row_id: ours[row_id] for row_id in told if row_id in ours}, told)
        if self.answer.question.is_last:
            return self._further_buckets()
        return msgspec.structs.replace(self.answer.question, level="hashes", ids=[])

    def _further_buckets(self) -> Question:
        question = self.answer.question
        return Question(question.table, "buckets", question.digits, after=question.buckets[-1])

    async def _ours(self) -> dict[str, bytes]:
        async with view_of() as view:
            return await Rows(view, self.table, self.answer.branch).of_buckets(self.answer.question.buckets)

    async def _settled_ids(self) -> set[str]:
        """Rows that are no question any more: named, or not to be mended in this run, or set aside in quarantine."""
        here = {"branch": self.answer.branch, "tbl": self.table.name}
        done = await ScrubRow.filter(run_id=self.asking.run, **here).exclude(status="mended").values_list("row_id", flat=True)  # fmt: skip
        aside = await QuarantinedChange.filter(settled_at=None, **here).values_list("row_id", flat=True)
        return {str(row_id) for row_id in (*done, *aside)}

    def _order(self, rows: Mapping[str, bytes] | None = None, gone: tuple[str, ...] = ()) -> Order:
        answer = self.answer
        return Order(answer.branch, answer.epoch, answer.seq, answer.question.table, rows or {}, gone)

    async def _settle(self, before: Mapping[str, bytes], after: Mapping[str, bytes]) -> None:
        """Keep what differs and mend it, unless the run only names. `before` are rows as they are here, `after` as they
        are at the branch; a row is in one of them or in both."""
        ids = sorted({*before, *after})
        if not ids:
            return
        blocked: dict[str, str] = {}
        if self.asking.is_mending:
            gone = tuple(row_id for row_id in ids if row_id not in after)
            async with applier_here() as applier:
                blocked = await mend(applier, self._order(after, gone))
        async with transaction():
            await ScrubRow.bulk_create(
                [self._finding(row_id, before.get(row_id), after.get(row_id), blocked) for row_id in ids]
            )
            await self._note(ids, blocked)
        log.warning("scrub_found", branch=self.answer.branch, table=self.table.name, rows=len(ids), blocked=len(blocked))  # fmt: skip

    def _finding(self, row_id: str, before: bytes | None, after: bytes | None, blocked: Mapping[str, str]) -> ScrubRow:  # fmt: skip
        kind = "invented" if after is None else "missing" if before is None else "changed"
        mended = self.asking.is_mending and row_id not in blocked
        status = "mended" if mended else "blocked" if row_id in blocked else "named"
        metrics.SCRUB_DIFFERENCES.labels(SITE, self.answer.branch, kind, status).inc()
        return ScrubRow(
            run_id=self.asking.run, branch=self.answer.branch, tbl=self.table.name, row_id=row_id, kind=kind,
            columns=differing_columns(before, after), before=(before or b"").decode(), after=(after or b"").decode(),
            status=status, error=blocked.get(row_id, ""), mended_at=clock.now() if mended else None,
        )  # fmt: skip

    async def _note(self, ids: list[str], blocked: Mapping[str, str]) -> None:
        """One entry for what was mended together."""
        mended = [row_id for row_id in ids if row_id not in blocked]
        if self.asking.is_mending and mended:
            details = {"branch": self.answer.branch, "run": self.asking.run, "rows": len(mended), "ids": mended[:NAMED_IN_AUDIT]}  # fmt: skip
            await note("sync.mended", self.table.name, UUID(mended[0]), details)

    async def _branch_is_broken(self) -> Question:
        """The branch's rows are not those of its own log: which of both is right a person must say; nothing is touched."""
        await open_incident(self.answer.branch, "broken", self.answer.question.table)
        await ScrubRun.filter(id=self.asking.run).update(status="broken", ended_at=clock.now())
        return await self._next_table()

    async def _next_table(self) -> Question:
        async with transaction():
            self.asking = await move_on(self.answer.branch, self.asking)
        if not self.asking.tables:
            await follow_up(self.asking.run)
        return self.first_question()


def differing_columns(before: bytes | None, after: bytes | None) -> list[str]:
    """The names of the columns in which two images of a row differ; empty when there is only one."""
    if before is None or after is None:
        return []
    here, there = msgspec.json.decode(before), msgspec.json.decode(after)
    return sorted(name for name in here.keys() | there.keys() if here.get(name) != there.get(name))
