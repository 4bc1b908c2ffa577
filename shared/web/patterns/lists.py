"""Samples of tables and filters."""

from collections.abc import Iterator
from datetime import date

from shared.web.forms import empty_form
from shared.web.parts import (
    Action,
    Chip,
    Column,
    Count,
    Empty,
    Field,
    Filters,
    Link,
    Option,
    Row,
    TableView,
    Variance,
    View,
)
from shared.web.patterns.base import LONG_EN, LONG_ZH, Sample, pick, yuan


def table_view(lang: str, key: str) -> TableView:
    """A list with everything: sorting, selection, total, hidden columns, exports."""
    columns = [
        Column("name", pick(lang, "客户", "Customer"), "text", sort="name"),
        Column("state", pick(lang, "状态", "State"), "status", phone="second"),
        Column("owner", pick(lang, "负责人", "Owner")),
        Column(
            "due",
            pick(lang, "未收", "Remaining"),
            "money_plain",
            sort="due",
            unit=pick(lang, "元", "CNY"),
            phone="second",
        ),
        Column("change", pick(lang, "较上月", "Change"), "variance"),
        Column("last", pick(lang, "最近联系", "Last contact"), "day"),
    ]
    rows = [
        row(lang, "1", pick(lang, "华东机电", "East Motors"), "overdue", 80_000, Variance(780, "percent", "lower"), date(2026, 11, 19)),
        row(lang, "2", pick(lang, LONG_ZH[:40], LONG_EN), "active", 0, Variance(0), date(2026, 11, 20)),
        row(lang, "3", pick(lang, "恒达贸易", "Hengda Trading"), "disabled", None, Variance(None), None),
    ]  # fmt: skip
    return TableView(
        key=f"{key}-{lang}",
        caption=pick(lang, "客户", "Customers"),
        columns=columns,
        rows=rows,
        sorted_by="-due",
        count=Count(1000, is_exact=False, exact_url="/patterns?count=exact"),
        next_url="/patterns?after=x",
        bulk=[Action(pick(lang, "分配", "Assign"), "/patterns/push")],
        hidden_columns=[Column("tax", "tax"), Column("bank", "bank")],
        exports=[Link("CSV", "/patterns?format=csv"), Link("XLSX", "/patterns?format=xlsx")],
        views=[View(pick(lang, "最新客户", "Newest"), "/patterns", True), View(pick(lang, "签单客户", "Signed"), "/patterns?view=2")],
        views_url="/patterns",
        total=Row({"name": pick(lang, "合计", "Total"), "state": None, "owner": None, "due": yuan(80_000), "change": None, "last": None}, is_total=True),
    )  # fmt: skip


def row(
    lang: str, key: str, name: str, state: str, due: int | None, change: Variance, last: date | None
) -> Row:
    return Row(
        {
            "name": name,
            "state": state,
            "owner": pick(lang, "林娜", "Lin Na"),
            "due": None if due is None else yuan(due),
            "change": change,
            "last": last,
        },
        id=key,
        url="/patterns",
        is_muted=due is None,
    )


def table_samples() -> Iterator[Sample]:
    yield Sample("table", "normal", "{{ table(v) }}", lambda lang: table_view(lang, "t"))
    yield Sample(
        "table",
        "nothing for this filter",
        "{{ table(v) }}",
        lambda lang: TableView(
            f"e-{lang}",
            pick(lang, "客户", "Customers"),
            [],
            [],
            empty=Empty(
                "filter",
                pick(lang, "没有 30 天未联系的客户", "No customer without contact for 30 days"),
                Action(pick(lang, "清除筛选", "Clear filters"), "/patterns"),
            ),
        ),
    )
    yield Sample(
        "filters",
        "with chips",
        "{{ filters(v) }}",
        lambda lang: Filters(
            fields=[
                Field(f"q_{lang}", pick(lang, "名称", "Name")),
                Field(f"state_{lang}", pick(lang, "状态", "State"), kind="select", width="s", options=[Option("", pick(lang, "全部", "all")), Option("active", pick(lang, "有效", "active"))]),
            ],
            form=empty_form(),
            chips=[Chip(pick(lang, "负责人 林娜", "owner Lin Na"), "/patterns")],
            sentence=pick(lang, "37 家客户，负责人林娜，30 天未联系", "37 customers, owner Lin Na, not contacted for 30 days"),
            clear_url="/patterns",
        ),
    )  # fmt: skip
