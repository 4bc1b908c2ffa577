"""POST /sync/v1/scrub: the branch answers what it was asked about rows that differ and gets the next question."""

import structlog
from starlette.requests import Request
from starlette.responses import Response

from hq.live import applied
from hq.replication.batch import Gap
from hq.replication.drilling import Drill
from hq.replication.epochs import admitted
from hq.replication.outcome import Contact
from hq.replication.receiver import answer, prove, receiver_of, refuse
from hq.replication.scrub import Asking
from shared.errors import Refused
from shared.i18n import N_
from shared.replication.scrub import BadAnswer, Question, unpack_answer

log = structlog.get_logger(__name__)


async def talk(request: Request) -> Response:
    """Proved and bounded like a batch; nothing is locked while rows are compared."""
    try:
        async with receiver_of(request).admitted(request) as body:
            signed = await prove(request, body)
            try:
                told = unpack_answer(body)
            except BadAnswer as error:
                raise Refused(N_("The request cannot be read."), code="bad_request") from error
            if told.branch != signed.node:
                raise Refused(N_("A node sends only for its own branch."), code="bad_batch")
            async with admitted(Contact(told.branch, told.epoch, told.seq, signed)) as cursor:
                asking = Asking.parse(cursor.scrub)
            if (cursor.epoch, cursor.seq) != (told.epoch, told.seq):
                raise Gap(cursor.reply())
            if asking is None:
                return answer(Question())
            question = await Drill(told, cursor, asking).next_question()
    except Refused as error:
        log.warning("scrub_refused", code=error.code, node=request.headers.get("x-trunkline-node"))
        return refuse(error)
    if not question.table:
        applied(told.branch)
    return answer(question)
