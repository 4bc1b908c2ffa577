"""The store of samples and lines: packed without loss, merged when late, searched by words, forgotten by age and size."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.applications import Starlette

from netops.center.alerts.baselines import rebuild_baselines
from netops.center.keeper import SEAL_AFTER, seal_what_is_over
from netops.center.nodes.charts import short
from netops.center.telemetry.codec import Table, pack, unpack
from netops.center.telemetry.lines import LineQuestion, count_lines, find_lines, readable, terms_of
from netops.center.telemetry.reading import chart_step, node_series, stored_step
from netops.center.telemetry.retention import Keep, forget_old
from netops.center.telemetry.rollup import HOUR_US, hour_of, merged, rolled_up, series
from netops.center.telemetry.samples import hot_table
from netops.center.telemetry.schema import days
from shared import clock
from shared.canonical import to_micros
from shared.clock import FixedClock
from shared.database import fetch_value
from shared.nodes.report import SampleBatch, SampleRow
from tests.support.center_site import Agent

START = "2026-11-28T02:00:00+00:00"
KEEP = Keep(7, 31, 400, 14, 10**12)

values = st.one_of(
    st.none(),
    st.floats(-1e15, 1e15, allow_nan=False),
    st.integers(-(10**15), 10**15).map(float),
    st.integers(0, 10_000).map(lambda number: number / 10_000),
)


@given(st.lists(st.tuples(values, values), max_size=50), st.booleans())
def test_a_chunk_gives_back_exactly_what_was_packed(rows: list[tuple[float, float]], late: bool) -> None:
    at_us = [1_795_000_000_000_000 + 5_000_123 * place for place in range(len(rows))]
    columns = {"a": [row[0] for row in rows], "b": [row[1] for row in rows]}
    table = Table(at_us, [late] * len(rows), columns)
    found = unpack(pack(table))
    assert (found.at_us, found.late, found.columns) == (table.at_us, table.late, table.columns)


def test_of_two_rows_of_one_instant_the_sealed_one_counts_and_columns_are_united() -> None:
    sealed = Table([1, 2], [False, False], {"a": [1.0, 2.0]})
    late = Table([2, 3], [True, True], {"a": [9.0, 3.0], "b": [5.0, 6.0]})
    found = merged(sealed, late)
    assert found.at_us == [1, 2, 3]
    assert found.columns == {"a": [1.0, 2.0, 3.0], "b": [None, None, 6.0]}


def test_a_roll_up_keeps_mean_least_and_greatest_and_gaps_stay_gaps() -> None:
    minute = 60_000_000
    table = Table([0, 10_000_000, minute * 2], [False] * 3, {"cpu": [0.2, 0.4, None]})
    found = rolled_up(table, 60)
    assert found.at_us == [0, minute * 2]
    assert found.columns["cpu"] == [0.3, None]
    assert (found.columns["cpu<"][0], found.columns["cpu>"][0]) == (0.2, 0.4)
    curve = series([table], ["cpu"], 0, minute * 3, 60).curves["cpu"]
    assert curve.mean == [(0.2 + 0.4) / 2, None, None]


def test_chart_steps_lie_on_the_stored_ones_and_curves_stay_small() -> None:
    for span in (900, 3_600, 21_600, 86_400, 604_800):
        assert span / chart_step(span) <= 240
    assert (stored_step(chart_step(900)), stored_step(chart_step(604_800))) == (0, 900)
    assert short([0.123456, 12.0, None]) == [0.1235, 12, None]


async def test_sealed_hours_read_as_before_and_late_samples_are_merged_once(center: Starlette) -> None:
    with clock.use(FixedClock(START)) as fixed:
        agent = await Agent.enrolled(center, "n1")
        first = to_micros(clock.now())
        times = [clock.now() + timedelta(seconds=60 * n) for n in range(60)]
        sent = [agent.samples(at=at, cpu_ratio=n / 100, rss=1000.0 + n) for n, at in enumerate(times)]
        fixed.advance(hours=1)
        await agent.says(*sent[:50])
        fixed.advance(seconds=SEAL_AFTER.total_seconds() + 1)
        assert await seal_what_is_over(center) == 1
        for late in (sent[50:], sent[50:]):
            await agent.says(*late)
        fixed.advance(minutes=1)
        assert await seal_what_is_over(center) == 1
        names = center.state.writer.names
        with center.state.telemetry.reading():
            assert await fetch_value("SELECT count(*) AS n FROM telemetry_hot_row") == 0
            assert await fetch_value("SELECT rows FROM telemetry_chunk WHERE step_seconds = 0") == 60
            found = await node_series(names, "n1", ["cpu_ratio"], first, first + HOUR_US)
    known = [value for value in found.curves["cpu_ratio"].mean if value is not None]
    assert known == [n / 100 for n in range(60)]


async def test_what_was_usual_is_known_again_after_a_start(center: Starlette) -> None:
    agent, now_us = await Agent.enrolled(center, "n1"), to_micros(clock.now())
    rows = [SampleRow(now_us - 300_000_000 * back, [0.2 + 0.02 * (back % 2)]) for back in range(60, 0, -1)]
    await agent.says(SampleBatch(key=1, names=["cpu_ratio"], rows=rows))
    center.state.engine.baselines.clear()
    with center.state.use_database():
        await rebuild_baselines(center)
    normal = center.state.engine.baselines["n1", "cpu_ratio"].normal()
    assert normal is not None
    assert (round(normal.mean, 3), round(normal.deviation, 3)) == (0.21, 0.01)


async def test_of_more_names_than_values_what_has_no_value_is_left_out_and_the_report_is_taken(
    center: Starlette,
) -> None:
    agent, now_us = await Agent.enrolled(center, "n1"), to_micros(clock.now())
    names = ["rss", *sorted(center.state.fleet.windows)]
    await agent.says(SampleBatch(key=1, names=names, rows=[SampleRow(now_us, [7.0])]))
    assert dict(center.state.fleet.get("n1").values) == {"rss": 7.0}
    assert not center.state.fleet.get("n1").recent.get("cpu_ratio")


async def test_a_search_finds_every_word_in_any_case_and_a_phrase_as_it_stands(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "n1")
    await agent.says(
        agent.lines(
            "Failed password for root", "password failed", "磁盘空间不足 /var", "100% of it", level="error"
        ),
        agent.lines("nothing", service="db"),
    )
    now = clock.now()

    async def found(text: str, **more: object) -> list[str]:
        question = LineQuestion(now - timedelta(hours=1), now + timedelta(hours=1), text=text, **more)  # type: ignore[arg-type]
        with center.state.telemetry.reading():
            lines = await find_lines(question, 10)
            assert await count_lines(question) == len(lines)
        return sorted(line.text for line in lines)

    assert await found("failed PASSWORD") == ["Failed password for root", "password failed"]
    assert await found('"failed password"') == ["Failed password for root"]
    assert await found("磁盘") == ["磁盘空间不足 /var"]
    assert await found("空间不足") == ["磁盘空间不足 /var"]
    assert await found("100%") == ["100% of it"]
    assert await found("", service="db") == ["nothing"]
    assert await found("'; DROP TABLE telemetry_hello; --") == []
    assert len(await found("", level="error")) == 4
    assert terms_of('a "b c" d') == ["a", "b c", "d"]


async def test_whole_days_go_by_age_and_by_bytes_but_never_today(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "n1")
    now = clock.now()
    with clock.use(FixedClock(now)) as fixed:
        for back in (20, 3, 0):
            fixed.set(now - timedelta(days=back))
            await agent.says(agent.lines(f"line of {back}", first=back * 100))
        gone = await forget_old(center.state.telemetry, KEEP, now)
        assert len(gone.log_days) == 1
        tight = await forget_old(center.state.telemetry, Keep(7, 31, 400, 14, 1), now)
        assert len(tight.log_days) == 1
        with center.state.telemetry.reading():
            assert len(await days()) == 1


async def test_a_hot_row_keeps_what_was_not_measured_as_nothing(center: Starlette) -> None:
    agent = await Agent.enrolled(center, "n1")
    await agent.says(agent.samples(a=1.5, b=None))
    now_us = to_micros(clock.now())
    with center.state.telemetry.reading():
        table = await hot_table(center.state.writer.names, "n1", hour_of(now_us) - HOUR_US, now_us + HOUR_US)
    assert table.columns == {"a": [1.5], "b": [None]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (
            '{"timestamp":"2026-11-28T09:09:01Z","level":"info","event":"request answered","status":200,"path":"/x",'
            '"why":"a b","site":"hq","logger":"shared.web.envelope"}',
            'request answered  status=200 path=/x why="a b"',
        ),
        ('{"event":"cut in the mid', '{"event":"cut in the mid'),
        ("Failed password for root", "Failed password for root"),
        ('{"traceback":null}', "traceback=null"),
    ],
)
def test_a_json_line_is_shown_as_its_event_and_what_else_it_says(text: str, shown: str) -> None:
    assert readable(text) == shown
