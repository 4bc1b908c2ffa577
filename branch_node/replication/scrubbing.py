"""Answers headquarters' questions about rows that differ, between two batches (PROTOCOL.md, 'Scrub').

The rows are those of the position that headquarters stands at: what was written since is taken back by the log's images
of before. Read from one consistent view, so that nobody who writes here waits.
"""

from collections.abc import Awaitable, Callable

import msgspec
import structlog

from shared.replication.change import row_hash
from shared.replication.columns import replicated_tables
from shared.replication.scan import Rows, View, view_of
from shared.replication.scrub import SCRUB_PATH, Answer, Question, pack_answer

log = structlog.get_logger(__name__)
Ask = Callable[[str, bytes], Awaitable[bytes]]
MOST_QUESTIONS = 10_000


async def talk(ask: Ask, branch: str, epoch: str, seq: int) -> int:
    """Answer until headquarters asks nothing more; how many questions there were. Raises what `ask` raises."""
    answer = Answer(branch, epoch, seq)
    for number in range(MOST_QUESTIONS):
        question = msgspec.json.decode(await ask(SCRUB_PATH, pack_answer(answer)), type=Question)
        if not question.table:
            log.info("scrub_answered", questions=number, seq=seq)
            return number
        answer = await answer_to(question, branch, epoch, seq)
    log.error("scrub_has_no_end", seq=seq)
    return MOST_QUESTIONS


async def answer_to(question: Question, branch: str, epoch: str, seq: int) -> Answer:
    """What this branch holds at `seq`. A table that this release does not know has no rows."""
    answer = Answer(branch, epoch, seq, question)
    table = replicated_tables().get(question.table)
    if table is None:
        return answer
    async with view_of() as view:
        rows = Rows(view, table, branch, await changed_since(view, table.name, seq))
        if question.level == "buckets":
            digests = await rows.digests(question.digits)
            return msgspec.structs.replace(
                answer, digests={bucket: digest.text() for bucket, digest in digests.items()}
            )
        found = await rows.of_buckets(question.buckets)
    if question.level == "hashes":
        hashes = {row_id: f"{row_hash(row):032x}" for row_id, row in found.items()}
        return msgspec.structs.replace(answer, hashes=hashes)
    wanted = {row_id: found[row_id].decode() for row_id in question.ids if row_id in found}
    return msgspec.structs.replace(answer, rows=wanted)


async def changed_since(view: View, table: str, seq: int) -> dict[str, bytes | None]:
    """The rows of a table that were written after a position, as they were at it."""
    found = await view.all(
        "SELECT pk, row_before FROM change WHERE tbl = :tbl AND seq > :seq ORDER BY seq", tbl=table, seq=seq
    )
    before: dict[str, bytes | None] = {}
    for pk, row in found:
        before.setdefault(pk, row.encode() if row is not None else None)
    return before
