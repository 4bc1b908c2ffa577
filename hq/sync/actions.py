"""What is done about a branch's node; each leaves an entry in the audit trail."""

from hq.audit.actions import note
from hq.replication import enrolment
from hq.replication.feed_models import StandbyNode
from hq.replication.incidents import release
from hq.replication.jobs import scrub_now
from hq.replication.models import BranchCursor
from shared.database import transaction
from shared.errors import Conflict
from shared.i18n import N_
from shared.jobs import enqueue

VERBS = ("rebuild", "standby", "revoke", "drop-standby", "scrub", "release")


async def act(verb: str, code: str) -> str:
    """Do one of VERBS and note it; the token it issued, empty for those that issue none. Raises Conflict when there is
    nothing to rebuild from."""
    async with transaction():
        await note(f"sync.{verb}", "branch", None, {"branch": code})
        if verb == "rebuild":
            if not await BranchCursor.exists(branch=code):
                raise Conflict(N_("Headquarters holds nothing of branch %(branch)s."), branch=code)
            return await enrolment.rebuild_token(code)
        if verb == "standby":
            return await enrolment.issue_token(code, role="standby")
        if verb == "revoke":
            await enrolment.revoke(code)
        elif verb == "release":
            await release(code)
        elif verb == "drop-standby":
            await StandbyNode.filter(branch=code, status="following").delete()
    if verb == "scrub":
        await enqueue(scrub_now, _unique=code, branch=code)
    return ""
