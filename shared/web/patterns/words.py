"""Samples of words with a shape: status, watermark, variance."""

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

from shared.web.parts import STATUSES, Missing, Status, Variance, Watermark
from shared.web.patterns.base import AT, Sample, pick, yuan

VARIANCES = (
    ("favourable", Variance(390, "percent", "higher")),
    ("unfavourable", Variance(-210, "points", "higher")),
    ("falling cost is good", Variance(yuan(-120_000), "money_card", "lower")),
    ("zero", Variance(0, "percent", "higher")),
    ("neutral", Variance(12, "number", "none")),
    ("not applicable", Variance(None)),
)
MARKS = (
    ("current", Watermark("current", AT)),
    ("delayed", Watermark("delayed", AT)),
    ("unreachable", Watermark("unreachable", AT)),
    ("unproven", Watermark("unproven", AT)),
    ("never", Watermark("never")),
    ("complete", Watermark("complete", AT)),
)


def same(value: object, _lang: str) -> object:
    return value


def partly(lang: str) -> Watermark:
    harbin = Missing(pick(lang, "哈尔滨", "Harbin"), AT - timedelta(hours=4))
    return Watermark("partial", AT, 10, 12, [harbin, Missing(pick(lang, "拉萨", "Lhasa"), None)], "/patterns")


def word_samples() -> Iterator[Sample]:
    all_words = "{% for s in v %}{{ status(s) }} {% endfor %}"
    yield Sample("status", "all words", all_words, partial(same, list(STATUSES)))
    yield Sample("status", "note", "{{ status(v) }}", partial(same, Status("live", "3 s")))
    for state, mark in MARKS:
        yield Sample("watermark", state, "{{ watermark(v) }}", partial(same, mark))
    yield Sample("watermark", "partial", "{{ watermark(v) }}", partly)
    for name, variance in VARIANCES:
        yield Sample("variance", name, "{{ variance(v) }}", partial(same, variance))
    zero = partial(pick, chinese="目标为零", english="the target is zero")
    yield Sample("dash", "not applicable", "{{ dash(v) }}", zero)
