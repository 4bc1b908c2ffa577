"""Samples of figure cards and small charts."""

from collections.abc import Iterator
from functools import partial
from typing import Literal

from shared.web.parts import Bar, Bullet, Cell, Figure, Missing, Share, Variance, Watermark
from shared.web.patterns.base import AT, LONG_EN, LONG_ZH, Sample, pick, yuan

STRIP = [
    *[Cell("ok")] * 40,
    *[Cell("busy")] * 6,
    *[Cell("overloaded")] * 4,
    *[Cell("silent")] * 6,
    *[Cell("maintenance")] * 2,
    *[Cell("unknown")] * 2,
]
NO_VALUE: tuple[tuple[Literal["no_data", "not_permitted", "error"], str, str], ...] = (
    ("no_data", "尚未收到网点数据", "No branch has sent data yet"),
    (
        "not_permitted",
        "由系统管理员授予“查看数字与报表”",
        'The administrator grants "See figures and reports"',
    ),
    ("error", "计算出错，已记录", "The calculation failed and was recorded"),
)


def normal(lang: str) -> Figure:
    return Figure(
        label=pick(lang, "本月签单", "Signed, month"),
        value=yuan(12_346_000),
        url="/patterns",
        definition_url="/patterns",
        bullet=Bullet(
            11_800, 13_000, 9_400, label=pick(lang, "实际 1,180 计划 1,300", "actual 1,180 plan 1,300")
        ),
        variance=Variance(390, "percent", "higher", pick(lang, "较计划", "vs plan")),
        spark=[5, 7, 6, 8, 8, None, 9, 7, 10, 11, 10, 12, 12],
        watermark=Watermark("complete", AT),
    )


def partly(lang: str) -> Figure:
    return Figure(
        label=pick(lang, "年计划", "Year plan"),
        value=8_730,
        kind="percent",
        url="/patterns",
        state="partial",
        note=pick(lang, "时间进度 89.4%", "time passed 89.4%"),
        variance=Variance(-210, "points", "higher"),
        watermark=Watermark("partial", AT, 11, 12, [Missing(pick(lang, "哈尔滨", "Harbin"), AT)]),
    )


def unproven(lang: str) -> Figure:
    mark = Watermark("unproven", AT)
    return Figure(pick(lang, "应收", "Due"), yuan(34_560_000), state="unproven", watermark=mark)


def long_name(lang: str) -> Figure:
    return Figure(pick(lang, LONG_ZH[:40], LONG_EN), 148, "number", unit=pick(lang, "人", "people"))


def no_value(
    state: Literal["no_data", "not_permitted", "error"], chinese: str, english: str, lang: str
) -> Figure:
    label = pick(lang, "经营利润", "Operating profit")
    return Figure(label, None, state=state, note=pick(lang, chinese, english))


def figure_samples() -> Iterator[Sample]:
    call = "{{ figure(v) }}"
    yield Sample("figure", "normal", call, normal)
    yield Sample("figure", "partial", call, partly)
    yield Sample("figure", "unproven", call, unproven)
    yield Sample("figure", "long name", call, long_name)
    for state, chinese, english in NO_VALUE:
        yield Sample("figure", state, call, partial(no_value, state, chinese, english))


def below_plan(lang: str) -> Bullet:
    return Bullet(63, 90, 70, 110, pick(lang, "63 / 90", "63 of 90"))


def without_actual(lang: str) -> Bullet:
    return Bullet(None, 90, label=pick(lang, "缺数据", "no data"))


def months(_lang: str) -> list[int | None]:
    return [3, 4, -2, 5, None, 6, 8, 7, 9, 9, 8, 10, 12]


def ageing(lang: str) -> list[Share]:
    return [
        Share(pick(lang, "未到期", "not due"), 3_053, "3,053.9", "age0"),
        Share("1–30", 200, "200.1", "age1"),
        Share("31–60", 120, "120.0", "age2"),
        Share("61–90", 52, "52.0", "age3"),
        Share(pick(lang, "90 天以上", "over 90"), 30, "30.0", "age4"),
    ]


def strip(lang: str) -> tuple[list[Cell], str]:
    return STRIP, pick(lang, "正常 40 分钟，失联 6 分钟", "ok 40 minutes, silent 6 minutes")


def branches(lang: str) -> list[Bar]:
    return [
        Bar(pick(lang, "广州", "Guangzhou"), 177, 281, 160),
        Bar("HQ", 259, 235, 200),
        Bar("HRB", 612, 700, 500, is_muted=True),
    ]


def graphic_samples() -> Iterator[Sample]:
    yield Sample("bullet_bar", "below plan", "{{ bullet_bar(v) }}", below_plan)
    yield Sample("bullet_bar", "no data", "{{ bullet_bar(v) }}", without_actual)
    yield Sample("sparkline", "with a gap and below zero", "{{ sparkline(v, '13') }}", months)
    yield Sample("stacked_bar", "ageing", "{{ stacked_bar(v, '100') }}", ageing)
    yield Sample("state_strip", "60 minutes", "{{ state_strip(v[0], v[1]) }}", strip)
    yield Sample("comparison", "three branches", "{{ comparison(v, 1000, 200, 'AC PL PY') }}", branches)
