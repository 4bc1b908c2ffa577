"""Samples of what stands around a page's content."""

from collections.abc import Iterator
from functools import partial
from typing import Any, Literal

from shared.web.parts import Action, Confirm, Crumb, Empty, Step, Tab
from shared.web.patterns.base import Sample, pick
from shared.web.site import Notice

NOTHING: tuple[tuple[Literal["nothing", "filter", "permitted"], str, str], ...] = (
    ("nothing", "这里显示当天的事项。", "The items of the day appear here."),
    ("filter", "没有符合筛选的客户。", "No customer fits the filter."),
    (
        "permitted",
        "查看其他网点需要“全部网点”权限，由系统管理员授予。",
        'Seeing other branches needs the right "all branches", granted by the administrator.',
    ),
)


def header(lang: str) -> tuple[Any, ...]:
    return (
        pick(lang, "应收", "Receivables"),
        [
            Crumb(pick(lang, "总览", "Overview"), "/patterns"),
            Crumb(pick(lang, "上海", "Shanghai"), "/patterns"),
        ],
        pick(lang, "上海 - 销售部 - 本人", "Shanghai - sales - own"),
        [
            Action(pick(lang, "登记回款", "Record receipt"), "/patterns", "plus", True),
            Action(pick(lang, "导出", "Export"), "/patterns", "download"),
        ],
    )


def danger(lang: str) -> Action:
    return Action(pick(lang, "停用", "Disable"), "/patterns", "x", is_danger=True)


def nothing(kind: Literal["nothing", "filter", "permitted"], chinese: str, english: str, lang: str) -> Empty:
    add = Action(pick(lang, "添加事项", "Add an item"), "/patterns")
    return Empty(kind, pick(lang, chinese, english), add if kind == "nothing" else None)


def restart(lang: str) -> Confirm:
    return Confirm(
        pick(lang, "重启 gz-db1 上的 branch-web？", "Restart branch-web on gz-db1?"),
        "/patterns/push",
        pick(lang, "重启 branch-web", "Restart branch-web"),
        "/patterns",
        [pick(lang, "18 人在线，页面中断约 2 秒。", "18 people are signed in; pages fail about 2 s.")],
    )


def cut_off(lang: str) -> list[Notice]:
    chinese = "总部自 09:40 起无法连接。工作照常，有 12 项变更待上传。"
    return [
        Notice(pick(lang, chinese, "HQ unreachable since 09:40. Work goes on here; 12 changes will be sent."))
    ]


def saved(lang: str) -> tuple[str, str]:
    text = pick(lang, "回款 R-311 已登记，¥100,000.00", "Receipt R-311 recorded, ¥100,000.00")
    return text, f"toast-{lang}"


def order_steps(lang: str) -> list[Step]:
    return [
        Step(pick(lang, "录入", "Entry"), "done", "/patterns", "11-20"),
        Step(pick(lang, "审批", "Approval"), "current"),
        Step(pick(lang, "执行", "Execution"), "ahead"),
        Step(pick(lang, "完成", "Completed"), "ahead"),
    ]


def order_tabs(lang: str) -> list[Tab]:
    return [
        Tab(pick(lang, "全部", "All"), "/patterns", True, 37),
        Tab(pick(lang, "报价", "Quotes"), "/patterns?tab=2", count=4),
    ]


def page_samples() -> Iterator[Sample]:
    yield Sample("page_header", "with everything", "{{ page_header(v[0], v[1], v[2], v[3]) }}", header)
    yield Sample("action", "danger", "{{ action(v) }}", danger)
    for kind, chinese, english in NOTHING:
        yield Sample("empty", kind, "{{ empty(v) }}", partial(nothing, kind, chinese, english))
    yield Sample("confirm", "consequence", "{{ confirm(v) }}", restart)
    yield Sample("status_line", "cut off", "{{ status_line(v) }}", cut_off)
    yield Sample("toast", "saved", "{{ toast(v[0], v[1]) }}", saved)
    yield Sample("steps", "second of four", "{{ steps(v) }}", order_steps)
    yield Sample("tabs", "with counts", "{{ tabs(v) }}", order_tabs)
