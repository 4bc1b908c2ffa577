"""Primary, standby and witness under random partitions with a clock of their own: never two writers accepted in one epoch."""

import random
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netops.center.standby.rules import (
    GONE_AFTER,
    Party,
    Witness,
    ask_promotion,
    promoted,
    receive,
    refused,
    votes_for_promotion,
)

GONE = GONE_AFTER.total_seconds()


@dataclass
class World:
    """Three parties and three lines that come and go. Answers may be lost after the witness has acted."""

    chance: random.Random
    at: float = 0.0
    witness: Witness = field(default_factory=lambda: Witness(1, "a", {"a": 0.0}))
    parties: dict[str, Party] = field(
        default_factory=lambda: {"a": Party("a", "primary", 1), "b": Party("b", "standby", 1)}
    )
    lines: dict[str, bool] = field(default_factory=lambda: {"ab": True, "aw": True, "bw": True})
    accepted: dict[int, set[str]] = field(default_factory=dict)

    def step(self) -> None:
        self.at += self.chance.choice([1.0, 5.0, 20.0, GONE])
        line = self.chance.choice(list(self.lines))
        if self.chance.random() < 0.5:
            self.lines[line] = not self.lines[line]
        for name in self.chance.sample(["a", "b"], 2):
            self.act(name)

    def act(self, name: str) -> None:
        party, other = self.parties[name], self.parties["b" if name == "a" else "a"]
        if party.role == "standby" and self.lines["ab"] and other.role == "primary":
            party = self.parties[name] = Party(name, "standby", other.epoch, self.at)
        if not self.lines[f"{name}w"]:
            return
        if party.role == "primary":
            self.write(party)
        elif party.role == "standby":
            answer = ask_promotion(self.witness, party, self.at, by_operator=self.chance.random() < 0.05)
            self.witness = answer.witness
            if self.chance.random() < 0.8:
                self.parties[name] = promoted(party, answer)
        elif self.chance.random() < 0.3:
            self.parties[name] = Party(name, "standby", self.witness.epoch, self.at)

    def write(self, party: Party) -> None:
        answer = receive(self.witness, party.name, party.epoch, self.at)
        self.witness = answer.witness
        if answer.is_granted:
            self.accepted.setdefault(party.epoch, set()).add(party.name)
        else:
            self.parties[party.name] = refused(party)


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 2**32))
def test_never_two_writers_are_accepted_in_one_epoch(seed):
    world = World(random.Random(seed))
    for _ in range(120):
        world.step()
        assert all(len(writers) == 1 for writers in world.accepted.values())
        assert world.witness.epoch >= max(world.accepted, default=1)


def test_partitions_do_lead_to_promotions_and_back():
    """The property above is not empty: worlds with several epochs and with both nodes as writers occur."""
    worlds = [World(random.Random(seed)) for seed in range(20)]
    for world in worlds:
        for _ in range(200):
            world.step()
    assert max(world.witness.epoch for world in worlds) > 3
    assert {name for world in worlds for names in world.accepted.values() for name in names} == {"a", "b"}


def test_one_of_three_is_not_enough_and_an_operator_is():
    witness = Witness(4, "a", {"a": 100.0})
    cut_off = Party("b", "standby", 4, saw_primary=0.0)
    assert votes_for_promotion(witness, cut_off, 100.0) == 1
    assert not ask_promotion(witness, cut_off, 100.0).is_granted
    assert ask_promotion(witness, cut_off, 100.0 + GONE).is_granted
    assert ask_promotion(witness, cut_off, 100.0, by_operator=True).witness == Witness(5, "b", {"b": 100.0})


def test_a_standby_that_missed_an_epoch_cannot_take_over():
    assert not ask_promotion(Witness(5, "c", {}), Party("b", "standby", 4), 1e9, by_operator=True).is_granted


@pytest.mark.parametrize(("sender", "epoch"), [("a", 4), ("b", 4), ("a", 5)])
def test_the_former_primary_is_refused_whatever_epoch_it_claims(sender, epoch):
    answer = receive(Witness(5, "b", {}), sender, epoch, 1.0)
    assert not answer.is_granted
    assert "a" not in answer.witness.heard


def test_a_lost_grant_can_be_asked_for_again():
    granted = ask_promotion(Witness(1, "a", {}), Party("b", "standby", 1), GONE)
    again = ask_promotion(granted.witness, Party("b", "standby", 1), GONE + 1)
    assert again.is_granted and again.witness == granted.witness
    assert promoted(Party("b", "standby", 1), again).epoch == 2
