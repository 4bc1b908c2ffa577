"""Reading a typed line, and the arithmetic of a plan."""

from datetime import date
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from branch_node.plans.rules import (
    Left,
    Line,
    Recorded,
    followed_by,
    name_candidates,
    order_of,
    proof_of,
    read_line,
    still_waiting,
    tally,
)

DAY = date(2026, 11, 20)
ONE, TWO, THREE = UUID(int=1), UUID(int=2), UUID(int=3)


def test_the_line_of_the_page() -> None:
    assert read_line("14:00 visit @East Motors #visit !!") == Line(
        "visit", "14:00", "visit", True, "East Motors"
    )
    assert read_line("拜访＠华东机电　＃拜访　１４：００　！！") == Line(
        "拜访", "14:00", "visit", True, "华东机电"
    )


def test_what_is_not_understood_stays_text() -> None:
    assert read_line("25:99 #unknown 开会") == Line("25:99 #unknown 开会")
    assert read_line("mail to a@") == Line("mail to a@")
    assert read_line("比例 1:2:3") == Line("比例 1:2:3")


def test_times_and_kinds() -> None:
    assert read_line("下午3点半 打电话").at_time == "15:30"
    assert read_line("9点 开会").at_time == "09:00"
    assert read_line("9:05 x").at_time == "09:05"
    assert read_line("报价单发给客户").kind == "quote"
    assert read_line("#催款 华东").kind == "collect"
    assert read_line("send #qu list").kind == "quote"
    assert read_line("准备材料").kind == "other"


@given(st.text(max_size=300))
def test_any_text_is_a_line_and_nothing_but_marks_is_lost(typed: str) -> None:
    line = read_line(typed)
    assert len(line.text) <= 300
    assert line.kind in ("visit", "call", "quote", "collect", "other")
    if typed.strip() and not any(mark in typed for mark in "@＠#＃!！:：点"):
        assert line.text


def test_a_name_may_have_blanks() -> None:
    assert name_candidates("East Motors send list")[1] == ("East Motors send", "list")
    assert name_candidates("East Motors send list")[-1] == ("East", "Motors send list")


@given(st.lists(st.tuples(st.sampled_from(["planned", "done", "carried_over", "cancelled"]), st.booleans())))
def test_planned_is_the_sum_of_its_ends(items: list[tuple[str, bool]]) -> None:
    found = tally(items)
    assert found.planned == found.done + found.carried_over + found.cancelled + found.open
    assert found.is_balanced == (found.open == 0)
    assert found.planned + found.additions == len(items)


def test_a_record_proves_one_item_only() -> None:
    customer = uuid4()
    records = [Recorded("call", ONE, customer, "问价"), Recorded("quotation", TWO, customer, "Q-1")]
    assert proof_of("call", customer, records, set()) == records[0]
    assert proof_of("call", customer, records, {ONE}) is None
    assert proof_of("quote", customer, records, set()) == records[1]
    assert proof_of("visit", customer, records, set()) is None
    assert proof_of("call", None, records, set()) is None


def test_what_was_carried_waits_until_it_is_taken_up() -> None:
    first = Left(ONE, None, 0, "carried_over", DAY)
    second = Left(TWO, ONE, 1, "carried_over", DAY)
    done = Left(THREE, None, 0, "done", DAY)
    assert still_waiting([first, done], []) == [first]
    assert followed_by(first) == (ONE, 1)
    assert still_waiting([first, second], [(ONE, 1)]) == [second]
    assert followed_by(second) == (ONE, 2)


@given(st.lists(st.uuids(), min_size=1, max_size=8, unique=True), st.data())
def test_reordering_keeps_every_item(ids: list[UUID], data: st.DataObject) -> None:
    moved = data.draw(st.sampled_from(ids))
    before = data.draw(st.none() | st.sampled_from(ids))
    found = order_of(ids, moved, before)
    assert sorted(found) == sorted(ids)
    if before == moved:
        assert found == ids
    else:
        assert found[found.index(moved) + 1 :][:1] == ([] if before is None else [before])
