"""Targets shared out, taken from a sheet, forecast and explained: nothing is lost on the way, to the last cent."""

import io
import re
from datetime import date

from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook

from hq.targets.forecast import Volume, by_cause, by_unit, needed_a_month, run_rate, shared_lines
from hq.targets.rules import period_codes
from shared.periods import Year
from tests.support.hq_site import Headquarters
from tests.support.web_site import Visitor

AMOUNTS = st.integers(-(10**12), 10**12)
MONTHS = st.lists(st.integers(0, 10**10), min_size=12, max_size=12)


@given(AMOUNTS, AMOUNTS, st.lists(st.tuples(st.text(max_size=5), st.text(max_size=5), AMOUNTS), max_size=20))
def test_a_bridge_from_plan_to_actual_adds_up_exactly(
    plan: int, actual: int, gaps: list[tuple[str, str, int]]
) -> None:
    assert plan + sum(part.amount for part in by_unit(plan, actual, gaps)) == actual


@given(*[st.builds(Volume, st.integers(0, 9_999), st.integers(0, 10**12), st.integers(0, 10**12))] * 2)
def test_a_bridge_from_last_year_adds_up_exactly(before: Volume, now: Volume) -> None:
    found = by_cause(before, now)
    assert (found is None) == (before.orders == 0)
    if found is not None:
        assert before.sales + sum(part.amount for part in found) == now.sales


@given(MONTHS, st.dates(date(2026, 1, 1), date(2026, 12, 31)))
def test_a_forecast_keeps_what_is_done_and_lies_in_its_interval(values: list[int], as_of: date) -> None:
    actual = dict(zip(period_codes(2026), values, strict=True))
    found = run_rate(actual, as_of)
    if found is None:
        assert as_of < date(2026, 3, 31) or not any(
            value for code, value in actual.items() if code <= as_of.isoformat()[:7]
        )
        return
    assert found.low <= found.total <= found.high
    done = sum(value for code, value in actual.items() if code <= as_of.isoformat()[:7])
    assert found.total >= done
    if as_of == date(2026, 12, 31):
        assert found.low == found.total == found.high == done


def test_a_steady_pace_is_forecast_without_doubt() -> None:
    found = run_rate(dict.fromkeys(period_codes(2026), 1_000), date(2026, 6, 30))
    assert found is not None
    assert (found.total, found.low, found.high, found.month) == (12_000, 12_000, 12_000, 1_000)


def test_a_year_in_which_nothing_has_happened_has_no_forecast() -> None:
    nothing = dict.fromkeys(period_codes(2026), 0)
    assert run_rate(nothing, date(2026, 11, 30)) is None
    assert run_rate({**nothing, "2026-11": 5}, date(2026, 11, 12)) is not None


def test_what_is_needed_a_month_counts_the_days_that_are_left() -> None:
    """At the end of June six months are left, not seven; a month that has begun counts in proportion."""
    assert needed_a_month(600, date(2026, 6, 30)) == 100
    assert needed_a_month(650, date(2026, 6, 15)) == 100
    assert needed_a_month(1, date(2026, 6, 15)) == 1
    assert needed_a_month(600, date(2026, 11, 29)) == 581
    assert needed_a_month(600, date(2026, 11, 30)) is None
    assert needed_a_month(600, date(2026, 12, 31)) is None


@given(st.integers(1, 10**12), st.dates(date(2026, 4, 1), date(2026, 11, 29)))
def test_who_keeps_the_needed_pace_is_forecast_to_meet_the_target(gap: int, as_of: date) -> None:
    """The sentence of what is needed and the forecast beside it speak of the same months."""
    need = needed_a_month(gap, as_of)
    assert need is not None
    over = [str(month) for month in Year.containing(as_of).months() if month.last <= as_of]
    found = run_rate(dict.fromkeys(over, need), as_of)
    assert found is not None
    assert found.total >= need * len(over) + gap


@given(st.integers(0, 10**12), MONTHS)
def test_shared_lines_add_up_to_the_year(amount: int, values: list[int]) -> None:
    lines = shared_lines(amount, dict(zip(period_codes(2026), values, strict=True)), 2026)
    assert sum(lines.values()) == amount


def boxes(chen: Visitor) -> dict[str, str]:
    """Name and value of every amount box of the page."""
    return dict(re.findall(r'name="((?:branch|department|employee):[^"]+)"[^>]*value="([^"]*)"', chen.page))


def test_a_target_is_shared_out_to_the_branches_with_a_reason(chen: Visitor) -> None:
    chen.open("/targets/edit?unit=company&measure=customers_new&year=2026")
    chen.send(
        "/targets/edit?unit=company&measure=customers_new&year=2026",
        year="2026", measure="customers_new", amount="120", spread="even",
    )  # fmt: skip
    url = "/targets/cascade?unit=company&measure=customers_new&year=2026"
    chen.open(url)
    assert "not assigned 120" in chen.text()
    assert set(boxes(chen)) == {f"branch:{code}" for code in ("HQ", "SH", "PAR", "TYO", "HRB")}
    chen.send(url, **{"branch:SH": "60", "branch:PAR": "50"})
    chen.open(url)
    assert boxes(chen)["branch:SH"] == "60"
    assert "not assigned 10" in chen.text()
    assert chen.send(url, **{"branch:SH": "-1"}).status_code == 422
    chen.open(url)
    answer = chen.send(url, **{"branch:SH": "70", "branch:PAR": "50"})
    assert answer.status_code == 422
    assert "Say why the target is revised." in chen.text()
    chen.send(url, reason="Paris is slower", **{"branch:SH": "70", "branch:PAR": "50"})
    found = chen.client.get("/api/v1/figures/targets?measure=customers_new").json()
    assert {line["branch"]: line["year_target"] for line in found["rows"]}["SH"] == 70


def sheet(rows: list[list[object]]) -> bytes:
    book = Workbook()
    for row in rows:
        book.active.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def sent(chen: Visitor, name: str, content: bytes) -> int:
    """Send a sheet; the status of the answer."""
    chen.open("/targets/import")
    fields = dict(re.findall(r'name="(csrf_token|once|_once|_csrf)"[^>]*value="([^"]*)"', chen.page))
    fields |= dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', chen.page))
    answer = chen.client.post(
        "/targets/import", data=fields, files={"sheet": (name, content)}, follow_redirects=False,
        headers={"origin": "http://testserver"},
    )  # fmt: skip
    chen.page = answer.text
    return int(answer.status_code)


def test_a_sheet_sets_targets_or_names_every_fault_and_sets_none(site: Headquarters, chen: Visitor) -> None:
    heads = ["branch", "employee", "measure", "year", "amount"]
    good = [heads, ["SH", "", "activities", 2026, 240], ["巴黎", "", "activities", 2026, 120]]
    bad = [
        *good,
        ["SH", "Nobody", "activities", 2026, 10],
        ["XX", "", "activities", 2026, 10],
        ["SH", "", "joy", "soon", 1],
    ]
    assert sent(chen, "targets.xlsx", sheet(bad)) == 422
    for fault in ("Row 4:", "Row 5:", "Row 6:", "There is no branch"):
        assert fault in chen.page
    rows = {
        line["branch"]: line
        for line in chen.client.get("/api/v1/figures/targets?measure=activities").json()["rows"]
    }
    assert rows["SH"]["year_target"] is None
    assert (
        sent(
            chen,
            "targets.csv",
            "网点,指标,年度,目标\nSH,activities,2026,240\nPAR,activities,2026,120\n".encode("gb18030"),
        )
        == 303
    )
    assert sent(chen, "targets.xlsx", sheet(good[:2])) == 303
    rows = {
        line["branch"]: line
        for line in chen.client.get("/api/v1/figures/targets?measure=activities").json()["rows"]
    }
    assert rows["SH"]["year_target"] == 240
    assert rows["PAR"]["year_target"] == 120
