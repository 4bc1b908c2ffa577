"""Texts of the pages: each is translated once, none is left over."""

import re
from pathlib import Path

from shared.i18n_check import missing_and_unused
from shared.web import assets

WEB = Path(assets.__file__).parent
LATIN = {"API tokens"}


def test_every_text_of_the_pages_is_translated_and_used() -> None:
    report = missing_and_unused([WEB], [WEB.parent], LATIN)
    assert report.faults() == []


def test_chinese_texts_use_chinese_punctuation() -> None:
    wrong = re.compile(r"[\u3400-\u9fff][,;:?!]")
    lines = (WEB / "zh_CN.po").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("msgstr") and wrong.search(line)] == []


def test_texts_do_not_beg_or_apologise() -> None:
    text = (WEB / "zh_CN.po").read_text(encoding="utf-8")
    english = " ".join(re.findall(r'^msgid(?:_plural)? "(.*)"', text, re.MULTILINE)).lower()
    chinese = " ".join(re.findall(r'^msgstr(?:\[0\])? "(.*)"', text, re.MULTILINE))
    assert not re.search(r"\b(please|sorry|oops|successfully|invalid)\b", english)
    assert not re.search(r"请(?!求)|成功", chinese)
