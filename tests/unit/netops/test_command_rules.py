"""The life of a command, and rights: rules of the center."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from netops.center.commands import rules
from netops.center.commands.rules import Right, may_order, told
from netops.center.commands.words import EXPLAINED, STATE_KEYS, WORDS
from shared.nodes.command import VERBS
from shared.web.words import STATUSES

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)


def test_every_verb_and_every_state_has_words():
    assert WORDS.keys() == VERBS.keys()
    assert set(STATE_KEYS) == rules.STATES
    assert set(STATE_KEYS.values()) <= STATUSES.keys()
    assert set(EXPLAINED) <= rules.STATES


@given(st.lists(st.sampled_from(["accepted", "done", "failed", "refused", "unknown"]), max_size=8))
def test_the_first_end_that_a_node_tells_stands_whatever_arrives_after_it(words):
    state, by_node = "requested", False
    ends = [word for word in words if word != "accepted"]
    for word in words:
        to = told(state, word, "", by_node=by_node)
        if to is not None:
            state, by_node = to, True
    assert state == (ends[0] if ends else "accepted" if words else "requested")


def test_the_word_of_the_node_corrects_what_the_center_supposed():
    assert told("unknown", "done", "", by_node=False) == "done"
    assert told("expired", "accepted", "", by_node=False) == "accepted"
    assert told("requested", "refused", "command.expired", by_node=False) == "expired"
    assert told("done", "accepted", "", by_node=True) is None


@pytest.mark.parametrize(
    ("right", "allowed"),
    [
        (Right("*", "*", "*"), True),
        (Right("service.*", "SH", "web"), True),
        (Right("service.restart", "gz-*", "*"), True),
        (Right("service.stop", "*", "*"), False),
        (Right("*", "PAR", "*"), False),
        (Right("*", "*", "worker"), False),
    ],
)
def test_a_right_covers_verb_place_and_service_together(right, allowed):
    assert may_order([right], "service.restart", ["gz-db1", "SH"], "web") is allowed


def test_a_right_for_one_service_is_no_right_for_the_node():
    assert not may_order([Right("*", "*", "web")], "node.reboot", ["gz-db1"], "")


def test_now_or_never_is_a_minute_and_until_is_at_most_seven_days():
    assert rules.expiry("now", None, NOON) == NOON + timedelta(minutes=1)
    assert rules.expiry("until", NOON + timedelta(hours=3), NOON) == NOON + timedelta(hours=3)
    assert rules.expiry("until", NOON + timedelta(days=90), NOON) < NOON + timedelta(days=7)
