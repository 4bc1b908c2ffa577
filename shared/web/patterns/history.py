"""Samples of what happened and how far it got."""

from collections.abc import Iterator
from datetime import date, timedelta

from shared.web.parts import AuditRow, Change, Coverage, Happening, Job, Missing, ProofLine
from shared.web.patterns.base import AT, LONG_EN, LONG_ZH, Sample, pick


def two_days(lang: str) -> list[Happening]:
    lin = pick(lang, "林娜", "Lin Na")
    call, note = pick(lang, "电话", "call"), pick(lang, "已上传总部", "sent to HQ")
    yesterday = AT - timedelta(days=1)
    return [
        Happening(AT, pick(lang, "报价", "quote"), "Q-1123 v2 ¥96,000.00", "file-text", lin, "/patterns"),
        Happening(yesterday, call, pick(lang, LONG_ZH, LONG_EN), "phone", lin, note=note),
    ]


def approval(lang: str) -> list[AuditRow]:
    return [
        AuditRow(
            AT,
            pick(lang, "赵敏", "Zhao Min"),
            pick(lang, "批准订单 SO-88", "approved order SO-88"),
            recorded_at=AT + timedelta(minutes=12),
            for_whom=pick(lang, "孙伟", "Sun Wei"),
            changes=[
                Change(pick(lang, "折扣", "Discount"), "10%", "13.8%"),
                Change(pick(lang, "备注", "Note"), "", pick(lang, "年底促销", "year-end")),
            ],
            reason=pick(lang, "老客户", "old customer"),
            is_chained=True,
        )
    ]


def running(lang: str) -> Job:
    return Job(
        pick(lang, "导入 customers.xlsx", "Import customers.xlsx"),
        "running",
        done=41_200,
        total=100_000,
        started_at=AT,
        started_by=pick(lang, "林娜", "Lin Na"),
        rate_per_second=2_300,
        rest_seconds=26,
        error_count=3,
        errors_url="/patterns",
        cancel_url="/patterns/push",
        key=f"job-{lang}",
    )


def one_missing(lang: str) -> Coverage:
    harbin = Missing(pick(lang, "哈尔滨", "Harbin"), AT)
    return Coverage(12, 11, 9, 7, 3, [harbin], date(2026, 11, 30))


def verified(lang: str) -> ProofLine:
    said = "截至 09:30 的 4,120 条记录完整无改动。", "4,120 entries up to 09:30 are whole and unaltered."
    return ProofLine(pick(lang, *said), "ok")


def broken(lang: str) -> ProofLine:
    said = "第 512 条记录在写入后被改动。", "Entry 512 was altered after it was written."
    return ProofLine(pick(lang, *said), "bad", can_prove=False)


def history_samples() -> Iterator[Sample]:
    yield Sample("timeline", "two days", "{{ timeline(v, '/patterns') }}", two_days)
    yield Sample("audit", "before and after", "{{ audit(v) }}", approval)
    yield Sample("job", "running", "{{ job(v) }}", running)
    yield Sample("coverage", "one branch missing", "{{ coverage(v) }}", one_missing)
    yield Sample("proof", "verified", "{{ proof(v) }}", verified)
    yield Sample("proof", "altered", "{{ proof(v) }}", broken)
