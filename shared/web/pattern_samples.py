"""Samples for the patterns page: each part in its states, with long Chinese and English names."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.money import Money
from shared.web.forms import Form, empty_form
from shared.web.parts import (
    STATUSES,
    Action,
    AuditRow,
    Bar,
    Bullet,
    Cell,
    Change,
    Chip,
    Column,
    Confirm,
    Count,
    Coverage,
    Crumb,
    Empty,
    Field,
    Figure,
    Filters,
    Happening,
    Job,
    Link,
    Missing,
    Option,
    Row,
    Share,
    Status,
    Step,
    Tab,
    TableView,
    Variance,
    View,
    Watermark,
)
from shared.web.site import Notice

AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
LONG_ZH = "内蒙古自治区呼和浩特市新城区海拉尔东路华北机电设备进出口贸易集团有限责任公司第一分公司"
LONG_EN = "Donaudampfschifffahrtsgesellschaft Consolidated International Holdings (Shanghai) Limited"

PARTS = {
    "dash": "parts/page.html",
    "action": "parts/page.html",
    "page_header": "parts/page.html",
    "empty": "parts/page.html",
    "confirm": "parts/page.html",
    "toast": "parts/page.html",
    "status_line": "parts/page.html",
    "steps": "parts/page.html",
    "tabs": "parts/page.html",
    "status": "parts/status.html",
    "watermark": "parts/status.html",
    "variance": "parts/status.html",
    "figure": "parts/figures.html",
    "bullet_bar": "parts/graphics.html",
    "sparkline": "parts/graphics.html",
    "stacked_bar": "parts/graphics.html",
    "state_strip": "parts/graphics.html",
    "comparison": "parts/graphics.html",
    "table": "parts/table.html",
    "filters": "parts/form.html",
    "field": "parts/form.html",
    "error_summary": "parts/form.html",
    "buttons": "parts/form.html",
    "pick_options": "parts/form.html",
    "timeline": "parts/history.html",
    "audit": "parts/history.html",
    "job": "parts/history.html",
    "coverage": "parts/history.html",
}


@dataclass(frozen=True)
class Sample:
    """One call of a macro with `v`, made anew for each language ("zh_CN", "en")."""

    part: str
    state: str
    call: str
    make: Callable[[str], Any]


def pick(locale: str, chinese: str, english: str) -> str:
    """A sample text in the language."""
    return chinese if locale == "zh_CN" else english


def yuan(amount: int) -> Money:
    return Money(amount * 100, "CNY")


FORMATS: Sequence[tuple[str, Any]] = (
    ("money", Money(123_450, "CNY")),
    ("money", Money(-123_450, "CNY")),
    ("money", Money(123_450, "USD")),
    ("money", None),
    ("money_plain", Money(-123_450, "CNY")),
    ("money_big", yuan(1_234_567)),
    ("money_card", yuan(12_346_000)),
    ("money_card", yuan(123_000_000)),
    ("money_card(signed=true)", yuan(-240_000)),
    ("percent", 8_730),
    ("percent(signed=true)", 390),
    ("percent(signed=true)", 0),
    ("points", -210),
    ("number", 1_234),
    ("quantity", 1_500),
    ("day", date(2026, 11, 22)),
    ("day_words", date(2026, 11, 22)),
    ("month", date(2026, 11, 1)),
    ("time", AT),
    ("time('Asia/Urumqi')", AT),
    ("instant", AT),
    ("duration", 192),
    ("duration", 15_900),
    ("bytes", 1_500_000_000),
)


def samples() -> Iterator[Sample]:
    """All of them, in the order of the page."""
    yield from word_samples()
    yield from figure_samples()
    yield from graphic_samples()
    yield from table_samples()
    yield from form_samples()
    yield from page_samples()
    yield from history_samples()


def word_samples() -> Iterator[Sample]:
    yield Sample(
        "status", "all words", "{% for s in v %}{{ status(s) }} {% endfor %}", lambda _: list(STATUSES)
    )
    yield Sample("status", "note", "{{ status(v) }}", lambda _: Status("live", "3 s"))
    for state in ("current", "delayed", "unreachable", "unproven", "never", "complete"):
        mark = Watermark(state, None if state == "never" else AT)  # type: ignore[arg-type]
        yield Sample("watermark", state, "{{ watermark(v) }}", lambda _, mark=mark: mark)  # type: ignore[misc]
    yield Sample(
        "watermark",
        "partial",
        "{{ watermark(v) }}",
        lambda lang: Watermark(
            "partial",
            AT,
            10,
            12,
            [
                Missing(pick(lang, "哈尔滨", "Harbin"), AT - timedelta(hours=4)),
                Missing(pick(lang, "拉萨", "Lhasa"), None),
            ],
            "/patterns",
        ),
    )
    for name, variance in (
        ("favourable", Variance(390, "percent", "higher")),
        ("unfavourable", Variance(-210, "points", "higher")),
        ("falling cost is good", Variance(yuan(-120_000), "money_card", "lower")),
        ("zero", Variance(0, "percent", "higher")),
        ("neutral", Variance(12, "number", "none")),
        ("not applicable", Variance(None)),
    ):
        yield Sample("variance", name, "{{ variance(v) }}", lambda _, made=variance: made)  # type: ignore[misc]
    yield Sample(
        "dash", "not applicable", "{{ dash(v) }}", lambda lang: pick(lang, "目标为零", "the target is zero")
    )


def figure_samples() -> Iterator[Sample]:
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

    def partial(lang: str) -> Figure:
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

    yield Sample("figure", "normal", "{{ figure(v) }}", normal)
    yield Sample("figure", "partial", "{{ figure(v) }}", partial)
    yield Sample(
        "figure",
        "unproven",
        "{{ figure(v) }}",
        lambda lang: Figure(
            pick(lang, "应收", "Due"), yuan(34_560_000), state="unproven", watermark=Watermark("unproven", AT)
        ),
    )
    yield Sample(
        "figure",
        "long name",
        "{{ figure(v) }}",
        lambda lang: Figure(
            pick(lang, LONG_ZH[:40], LONG_EN), 148, "number", unit=pick(lang, "人", "people")
        ),
    )
    for state, zh, en in (
        ("no_data", "尚未收到网点数据", "No branch has sent data yet"),
        (
            "not_permitted",
            "由系统管理员授予“查看数字与报表”",
            'The administrator grants "See figures and reports"',
        ),
        ("error", "计算出错，已记录", "The calculation failed and was recorded"),
    ):
        yield Sample(
            "figure",
            state,
            "{{ figure(v) }}",
            lambda lang, state=state, zh=zh, en=en: Figure(  # type: ignore[misc]
                pick(lang, "经营利润", "Operating profit"), None, state=state, note=pick(lang, zh, en)
            ),
        )


def graphic_samples() -> Iterator[Sample]:
    yield Sample(
        "bullet_bar",
        "below plan",
        "{{ bullet_bar(v) }}",
        lambda lang: Bullet(63, 90, 70, 110, pick(lang, "63 / 90", "63 of 90")),
    )
    yield Sample(
        "bullet_bar",
        "no data",
        "{{ bullet_bar(v) }}",
        lambda lang: Bullet(None, 90, label=pick(lang, "缺数据", "no data")),
    )
    yield Sample(
        "sparkline",
        "with a gap and below zero",
        "{{ sparkline(v, '13') }}",
        lambda _: [3, 4, -2, 5, None, 6, 8, 7, 9, 9, 8, 10, 12],
    )
    yield Sample(
        "stacked_bar",
        "ageing",
        "{{ stacked_bar(v, '100') }}",
        lambda lang: [
            Share(pick(lang, "未到期", "not due"), 3_053, "3,053.9", "age0"),
            Share("1–30", 200, "200.1", "age1"),
            Share("31–60", 120, "120.0", "age2"),
            Share("61–90", 52, "52.0", "age3"),
            Share(pick(lang, "90 天以上", "over 90"), 30, "30.0", "age4"),
        ],
    )
    yield Sample(
        "state_strip",
        "60 minutes",
        "{{ state_strip(v[0], v[1]) }}",
        lambda lang: (
            [Cell("ok")] * 40 + [Cell("busy")] * 6 + [Cell("overloaded")] * 4 + [Cell("silent")] * 6 + [Cell("maintenance")] * 2 + [Cell("unknown")] * 2,
            pick(lang, "正常 40 分钟，失联 6 分钟", "ok 40 minutes, silent 6 minutes"),
        ),
    )  # fmt: skip
    yield Sample(
        "comparison",
        "three branches",
        "{{ comparison(v, 1000, 200, 'AC PL PY') }}",
        lambda lang: [
            Bar(pick(lang, "广州", "Guangzhou"), 177, 281, 160),
            Bar("HQ", 259, 235, 200),
            Bar("HRB", 612, 700, 500, is_muted=True),
        ],
    )


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


def wrong_form(lang: str) -> Form[Any]:
    message = pick(
        lang,
        "分配比回款多 ¥0.05。改小其中一笔，或留作未分配。",
        "Allocated ¥0.05 more than the receipt. Lower one line or leave it unallocated.",
    )
    return Form({f"amount_{lang}": "100,000.05"}, {f"amount_{lang}": message})


def form_samples() -> Iterator[Sample]:
    yield Sample(
        "error_summary",
        "one message",
        "{{ error_summary(v[0], v[1]) }}",
        lambda lang: (wrong_form(lang), {f"amount_{lang}": pick(lang, "金额", "Amount")}),
    )
    yield Sample(
        "field",
        "money with an error",
        "{{ field(v[0], v[1]) }}",
        lambda lang: (
            Field(f"amount_{lang}", pick(lang, "金额", "Amount"), kind="money", unit=pick(lang, "元", "CNY")),
            wrong_form(lang),
        ),
    )
    kinds = (
        ("text", "名称", "Name"), ("number", "数量", "Quantity"), ("area", "备注", "Note"), ("date", "到期日", "Due date"),
        ("money", "信用额度", "Credit limit"), ("password", "密码", "Password"), ("file", "文件", "File"),
    )  # fmt: skip
    for kind, zh, en in kinds:
        yield Sample(
            "field",
            kind,
            "{{ field(v, empty) }}",
            lambda lang, kind=kind, zh=zh, en=en: Field(  # type: ignore[misc]
                f"{kind}_{lang}", pick(lang, zh, en), kind=kind, is_optional=kind == "area", hint=pick(lang, "写全称", "in full") if kind == "text" else ""
            ),
        )  # fmt: skip
    options = lambda lang: [
        Option("bank", pick(lang, "银行", "bank"), pick(lang, "当日到账", "the same day")),
        Option("cash", pick(lang, "现金", "cash")),
    ]  # noqa: E731
    for kind in ("select", "radio", "checks"):
        yield Sample(
            "field",
            kind,
            "{{ field(v, empty) }}",
            lambda lang, kind=kind: Field(
                f"{kind}_{lang}", pick(lang, "方式", "Method"), kind=kind, options=options(lang)
            ),
        )  # type: ignore[misc]
    yield Sample(
        "field",
        "tick",
        "{{ field(v, empty) }}",
        lambda lang: Field(f"tick_{lang}", pick(lang, "停止催收", "Stop reminders"), kind="tick"),
    )
    yield Sample(
        "field",
        "pick",
        "{{ field(v, empty) }}",
        lambda lang: Field(
            f"customer_{lang}", pick(lang, "客户", "Customer"), kind="pick", pick_url="/patterns/pick"
        ),
    )
    yield Sample(
        "pick_options",
        "hits",
        "<ul role='listbox' aria-label='x'>{{ pick_options(v, '/patterns', '+') }}</ul>",
        lambda lang: [Option(f"h-{lang}", pick(lang, "华东机电", "East Motors"), "C-001")],
    )
    yield Sample(
        "buttons",
        "save and cancel",
        "{{ buttons(v, '/patterns') }}",
        lambda lang: pick(lang, "保存回款", "Save receipt"),
    )


def page_samples() -> Iterator[Sample]:
    yield Sample(
        "page_header",
        "with everything",
        "{{ page_header(v[0], v[1], v[2], v[3]) }}",
        lambda lang: (
            pick(lang, "应收", "Receivables"),
            [Crumb(pick(lang, "总览", "Overview"), "/patterns"), Crumb(pick(lang, "上海", "Shanghai"), "/patterns")],
            pick(lang, "上海 - 销售部 - 本人", "Shanghai - sales - own"),
            [Action(pick(lang, "登记回款", "Record receipt"), "/patterns", "plus", True), Action(pick(lang, "导出", "Export"), "/patterns", "download")],
        ),
    )  # fmt: skip
    yield Sample(
        "action",
        "danger",
        "{{ action(v) }}",
        lambda lang: Action(pick(lang, "停用", "Disable"), "/patterns", "x", is_danger=True),
    )
    for kind, zh, en in (
        ("nothing", "这里显示当天的事项。", "The items of the day appear here."),
        ("filter", "没有符合筛选的客户。", "No customer fits the filter."),
        (
            "permitted",
            "查看其他网点需要“全部网点”权限，由系统管理员授予。",
            'Seeing other branches needs the right "all branches", granted by the administrator.',
        ),
    ):
        yield Sample(
            "empty",
            kind,
            "{{ empty(v) }}",
            lambda lang, kind=kind, zh=zh, en=en: Empty(
                kind,
                pick(lang, zh, en),
                Action(pick(lang, "添加事项", "Add an item"), "/patterns") if kind == "nothing" else None,
            ),
        )  # type: ignore[misc]
    yield Sample(
        "confirm",
        "consequence",
        "{{ confirm(v) }}",
        lambda lang: Confirm(
            pick(lang, "重启 gz-db1 上的 branch-web?", "Restart branch-web on gz-db1?"),
            "/patterns/push",
            pick(lang, "重启 branch-web", "Restart branch-web"),
            "/patterns",
            [pick(lang, "18 人在线，页面中断约 2 秒。", "18 people are signed in; pages fail about 2 s.")],
        ),
    )
    yield Sample(
        "status_line",
        "cut off",
        "{{ status_line(v) }}",
        lambda lang: [
            Notice(
                pick(
                    lang,
                    "总部自 09:40 起无法连接。工作照常，有 12 项变更待上传。",
                    "HQ unreachable since 09:40. Work goes on here; 12 changes will be sent.",
                )
            )
        ],
    )
    yield Sample(
        "toast",
        "saved",
        "{{ toast(v[0], v[1]) }}",
        lambda lang: (
            pick(lang, "回款 R-311 已登记，¥100,000.00", "Receipt R-311 recorded, ¥100,000.00"),
            f"toast-{lang}",
        ),
    )
    yield Sample(
        "steps",
        "second of four",
        "{{ steps(v) }}",
        lambda lang: [
            Step(pick(lang, "录入", "Entry"), "done", "/patterns", "11-20"),
            Step(pick(lang, "审批", "Approval"), "current"),
            Step(pick(lang, "执行", "Execution"), "ahead"),
            Step(pick(lang, "完成", "Completed"), "ahead"),
        ],
    )
    yield Sample(
        "tabs",
        "with counts",
        "{{ tabs(v) }}",
        lambda lang: [
            Tab(pick(lang, "全部", "All"), "/patterns", True, 37),
            Tab(pick(lang, "报价", "Quotes"), "/patterns?tab=2", count=4),
        ],
    )


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
