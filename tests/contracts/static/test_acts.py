"""Every act that is written into an audit trail has its words, and every word stands for an act that is written; details alike."""

from branch_node.customers.owners import HANDED_OVER
from hq.audit.rules import WORDS
from hq.sync.actions import VERBS
from netops.center.audit.handlers import ACTIONS
from netops.center.commands.rules import ENDED
from shared.act_details import DETAILS, UNTOLD
from shared.acts import ACTS, ENDINGS
from tests.support.acts import Writers, written_acts, written_details
from tests.support.reference import ROOT

OWN_ACCOUNT: Writers = {("", "noted"): 0}
BRANCH: Writers = {("branch_node.audit", "note"): 1, ("branch_node.seeding.command", "_note"): 0}
HEADQUARTERS: Writers = {("hq.audit.actions", "note"): 0}
CENTER: Writers = {("netops.center.audit.actions", "record"): 1, ("netops.center.audit.actions", "Act"): 1}
FAMILIES = {
    "sync.*": {f"sync.{verb}" for verb in VERBS},
    "conflict.*": {"conflict.ours", "conflict.theirs"},
    "command.*": {f"command.{state}" for state in {"accepted", *ENDED} - {"cancelled"}},
}
"""What the codes are that are put together; a node does not say cancelled."""


def acts(package: str, writers: Writers) -> set[str]:
    """The codes that a site writes, with those of a person's own account."""
    found = written_acts(ROOT / package, writers) | written_acts(ROOT / "shared", OWN_ACCOUNT)
    return {code for one in found for code in FAMILIES.get(one, {one})}


def test_every_act_of_a_branch_has_words_here_and_at_headquarters_and_every_word_an_act() -> None:
    endings = {f"*{ending}" for ending in ENDINGS}
    found = acts("branch_node", BRANCH)
    assert endings <= found
    assert found - endings == set(ACTS)


def test_every_act_at_headquarters_has_words_and_every_word_an_act() -> None:
    assert acts("hq", HEADQUARTERS) == set(WORDS)


def test_every_act_at_the_center_has_words_and_every_word_an_act() -> None:
    assert acts("netops", CENTER) == set(ACTIONS)


def test_every_detail_of_an_act_has_a_word_or_is_for_machines_and_every_word_a_detail() -> None:
    found = written_details(ROOT / "branch_node", BRANCH) | written_details(ROOT / "hq", HEADQUARTERS)
    moved = {one[0] for one in HANDED_OVER}
    assert found | moved == {*DETAILS, *UNTOLD, "moved"}


def test_an_act_that_nobody_gave_words_is_found(tmp_path) -> None:
    site = tmp_path / "site"
    site.mkdir()
    (site / "audit.py").write_text("def note(person, action): ...")
    (site / "work.py").write_text(
        "from site.audit import note\n"
        "def told(action): note(None, action)\n"
        "def work(flag, which):\n"
        "    done = 'a.on' if flag else 'a.off'\n"
        "    note(None, done)\n"
        "    note(None, f'{which}.exported')\n"
        "    told('a.told')\n"
    )
    assert written_acts(site, {("site.audit", "note"): 1}) == {"a.on", "a.off", "a.told", "*.exported"}
