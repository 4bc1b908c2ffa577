"""Sums that are kept while single branches change are those that adding all anew gives."""

from collections.abc import Mapping

from hypothesis import given
from hypothesis import strategies as st

from hq.figures.workings import Running, Workings

KEYS = ("sales", "target", "own_date")
NUMBERS = st.dictionaries(
    st.sampled_from(KEYS), st.one_of(st.none(), st.integers(-(10**15), 10**15), st.just("2026-11-22"))
)
COMPANIES = st.dictionaries(st.sampled_from(["HQ", "SH", "PAR", "GZ"]), NUMBERS)


def anew(parts: Mapping[str, Mapping[str, object]], key: str) -> list[int]:
    return [number for part in parts.values() if isinstance(number := part.get(key), int)]


@given(st.lists(COMPANIES, max_size=12))
def test_after_any_moves_each_sum_is_that_of_adding_all_anew(
    states: list[dict[str, dict[str, object]]],
) -> None:
    running = Running()
    before: dict[str, dict[str, object]] = {}
    for state in states:
        parts = {
            branch: before[branch] if before.get(branch) == part else part for branch, part in state.items()
        }
        running.take(parts)
        before = parts
        for key in KEYS:
            known = anew(parts, key)
            assert running.sum(key) == sum(known)
            assert running.known(key) == (sum(known) if known else None)


def test_a_step_is_made_again_when_its_branch_or_what_is_common_has_changed() -> None:
    workings, made = Workings(), []

    def line(branch: str) -> str:
        made.append(branch)
        return branch.lower()

    for rate, cells in ((1, "a"), (1, "a"), (1, "b"), (2, "b")):
        assert workings.step("line", rate).of("SH", cells, line, "SH") == "sh"
    assert made == ["SH", "SH", "SH"]
