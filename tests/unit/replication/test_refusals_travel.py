"""Refusals reach the site from the process that takes batches as what they are."""

import pickle

import pytest

from hq.replication.batch import BadBatch, Fork, Gap
from hq.replication.outcome import Cloned, EnvironmentFailure, Held, Outdated, StaleKey
from hq.replication.receiver import refuse
from shared.errors import Invalid, NotFound, Refused, Text, TooMany
from shared.nodes.identity import Replayed
from shared.replication.messages import CursorReply

HERE = CursorReply("epoch", 7, "0" * 32)
REFUSALS = (
    Gap(HERE), Fork(HERE), BadBatch("torn"), Held(), Cloned(), StaleKey(), Outdated(1), EnvironmentFailure(),
    EnvironmentFailure(OSError(28, "No space left on device")), Replayed("again"), NotFound(),
    TooMany("Send one after the other.", retry_after=3), Invalid(fields={"name": Text("At least %(least)s.", least=2)}),
    Refused(Text("%(text)s is not a day.", text="x"), code="day.unreadable"),
)  # fmt: skip


@pytest.mark.parametrize("refusal", REFUSALS, ids=lambda refusal: type(refusal).__name__)
def test_a_refusal_comes_back_as_it_was(refusal: Refused) -> None:
    again = pickle.loads(pickle.dumps(refusal))
    assert type(again) is type(refusal)
    assert (again.message, again.params, again.code, again.status) == (
        refusal.message, refusal.params, refusal.code, refusal.status
    )  # fmt: skip
    assert vars(again) == vars(refusal)
    assert str(again) == str(refusal)
    answers = refuse(again), refuse(refusal)
    assert answers[0].body == answers[1].body
    assert answers[0].headers == answers[1].headers
