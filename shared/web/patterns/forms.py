"""Samples of fields and messages."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Field, Option
from shared.web.patterns.base import Sample, pick


def wrong_form(lang: str) -> Form[Any]:
    message = pick(
        lang,
        "分配比回款多 ¥0.05。改小其中一笔，或留作未分配。",
        "Allocated ¥0.05 more than the receipt. Lower one line or leave it unallocated.",
    )
    return Form({f"amount_{lang}": "100,000.05"}, {f"amount_{lang}": message})


KINDS = (
    ("text", "名称", "Name"),
    ("number", "数量", "Quantity"),
    ("area", "备注", "Note"),
    ("date", "到期日", "Due date"),
    ("money", "信用额度", "Credit limit"),
    ("password", "密码", "Password"),
    ("file", "文件", "File"),
    ("tick", "停止催收", "Stop reminders"),
)


def one_field(kind: str, chinese: str, english: str, lang: str) -> Field:
    return Field(
        f"{kind}_{lang}",
        pick(lang, chinese, english),
        kind=kind,
        is_optional=kind == "area",
        hint=pick(lang, "写全称", "in full") if kind == "text" else "",
    )


def choice(kind: str, lang: str) -> Field:
    options = [
        Option("bank", pick(lang, "银行", "bank"), pick(lang, "当日到账", "the same day")),
        Option("cash", pick(lang, "现金", "cash")),
    ]
    return Field(f"{kind}_{lang}", pick(lang, "方式", "Method"), kind=kind, options=options)


def picker(lang: str) -> Field:
    label = pick(lang, "客户", "Customer")
    return Field(f"customer_{lang}", label, kind="pick", pick_url="/patterns/pick")


def form_samples() -> Iterator[Sample]:
    call = "{{ field(v, empty) }}"
    for kind, chinese, english in KINDS:
        yield Sample("field", kind, call, partial(one_field, kind, chinese, english))
    for kind in ("select", "radio", "checks"):
        yield Sample("field", kind, call, partial(choice, kind))
    yield Sample("field", "pick", call, picker)
    yield Sample(
        "error_summary",
        "one message",
        "{{ error_summary(v[0], v[1], v[2]) }}",
        lambda lang: (wrong_form(lang), {f"amount_{lang}": pick(lang, "金额", "Amount")}, f"errors-{lang}"),
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
