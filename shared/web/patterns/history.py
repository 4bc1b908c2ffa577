"""Samples of what happened and how far it got."""

from collections.abc import Iterator
from datetime import date, timedelta

from shared.web.parts import AuditRow, Change, Coverage, Happening, Job, Missing
from shared.web.patterns.base import AT, LONG_EN, LONG_ZH, Sample, pick


def history_samples() -> Iterator[Sample]:
    yield Sample(
        "timeline",
        "two days",
        "{{ timeline(v, '/patterns') }}",
        lambda lang: [
            Happening(AT, pick(lang, "报价", "quote"), "Q-1123 v2 ¥96,000.00", "file-text", pick(lang, "林娜", "Lin Na"), "/patterns"),
            Happening(AT - timedelta(days=1), pick(lang, "电话", "call"), pick(lang, LONG_ZH, LONG_EN), "phone", pick(lang, "林娜", "Lin Na"), note=pick(lang, "已上传总部", "sent to HQ")),
        ],
    )  # fmt: skip
    yield Sample(
        "audit",
        "before and after",
        "{{ audit(v) }}",
        lambda lang: [
            AuditRow(AT, pick(lang, "赵敏", "Zhao Min"), pick(lang, "批准订单 SO-88", "approved order SO-88"), AT + timedelta(minutes=12), pick(lang, "孙伟", "Sun Wei"), [Change(pick(lang, "折扣", "Discount"), "10%", "13.8%"), Change(pick(lang, "备注", "Note"), "", pick(lang, "年底促销", "year-end"))], pick(lang, "老客户", "old customer"), True),
        ],
    )  # fmt: skip
    yield Sample(
        "job",
        "running",
        "{{ job(v) }}",
        lambda lang: Job(
            pick(lang, "导入 customers.xlsx", "Import customers.xlsx"),
            "running",
            41_200,
            100_000,
            AT,
            pick(lang, "林娜", "Lin Na"),
            2_300,
            26,
            3,
            "/patterns",
            "",
            "/patterns/push",
            key=f"job-{lang}",
        ),
    )
    yield Sample(
        "coverage",
        "one branch missing",
        "{{ coverage(v) }}",
        lambda lang: Coverage(
            12, 11, 9, 7, 3, [Missing(pick(lang, "哈尔滨", "Harbin"), AT)], date(2026, 11, 30)
        ),
    )
