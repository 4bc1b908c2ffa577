"""A branch whose node headquarters refuses says so; it does not call headquarters unreachable, nor promise to send."""

from datetime import UTC, datetime

import httpx
import pytest

from branch_node.replication.inbox_models import InboxState
from branch_node.replication.models import ReplicationState
from branch_node.replication.refusals import REFUSED, Unreachable, refusal_of
from branch_node.sync.handlers import sentence
from branch_node.sync.queries import Sync
from hq.replication.outcome import Cloned, Held, Outdated, StaleKey
from hq.replication.receiver import refuse
from shared.errors import Refused
from shared.i18n import use_locale
from tests.contracts.branch.test_pages import at_branch
from tests.support.branch_site import BranchSite
from tests.support.web_site import Visitor

SINCE = datetime(2026, 3, 31, 4, 0, tzinfo=UTC)
REFUSALS = (Cloned(), Outdated(1), Held(), StaleKey())


def trouble_of(refusal: Refused) -> str:
    """What the branch keeps of a refusal as headquarters answers it."""
    answer = refuse(refusal)
    reason = refusal_of(httpx.Response(answer.status_code, headers=answer.headers, content=answer.body))
    assert isinstance(reason, Unreachable)
    return reason.trouble


def told(trouble: str) -> str:
    """The sentence of the page of replication while three changes wait."""
    inbox = InboxState(id=1)
    with use_locale("en"):
        return sentence(Sync(7, 4, SINCE, SINCE, SINCE, trouble, [], [], inbox, []), True)[0]


def test_each_refusal_is_told_in_words_of_its_own() -> None:
    troubles = [trouble_of(refusal) for refusal in REFUSALS]
    assert set(troubles) == {kind.trouble for kind in REFUSED.values()}
    texts = {told(trouble) for trouble in troubles}
    assert len(texts) == len(REFUSALS)
    assert not [text for text in texts if "unreachable" in text]
    assert all("3 changes wait here" in told(trouble_of(refusal)) for refusal in (Held(), StaleKey()))
    assert "unreachable" in told("")


@pytest.mark.parametrize("trouble", ["refused", "", "held"])
def test_the_line_above_every_page_promises_to_send_only_where_headquarters_cannot_be_reached(
    site: BranchSite, people: dict[str, Visitor], trouble: str
) -> None:
    async def note() -> None:
        await ReplicationState.all().delete()
        await ReplicationState.create(id=1, epoch="e", trouble=trouble, unreachable_since=SINCE)

    at_branch(site, note)
    people["lin"].open("/")
    text = people["lin"].text()
    assert ("HQ has taken nothing from this node since" in text) is bool(trouble)
    assert ("HQ unreachable since" in text and "will be sent" in text) is not bool(trouble)
