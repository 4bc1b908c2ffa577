"""Texts in the reader's language, and catalogues that cannot contradict each other."""

import asyncio
from pathlib import Path

import pytest
from jinja2 import Environment, StrictUndefined

from shared import i18n
from shared.errors import Conflict, Text
from shared.i18n import N_, CatalogueError, _, catalogue, ngettext, pgettext, use_locale

HEADER = 'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n"Plural-Forms: nplurals=1; plural=0;\\n"\n\n'

ENTRIES = """
msgid "Save"
msgstr "保存"

msgid "%(count)s of %(total)s"
msgstr "共 %(total)s 中的 %(count)s"

msgid "%(n)s customer"
msgid_plural "%(n)s customers"
msgstr[0] "%(n)s 个客户"

msgctxt "verb"
msgid "Order"
msgstr "订购"

msgctxt "noun"
msgid "Order"
msgstr "订单"

msgid "%(share)s %% done"
msgstr "完成 %(share)s %%"

msgid "%(period)s is closed."
msgstr "%(period)s 已结账。"
"""


def po(folder: Path, text: str, name: str = "feature") -> Path:
    file = folder / name / "zh_CN.po"
    file.parent.mkdir(parents=True)
    file.write_text(HEADER + text, encoding="utf-8")
    return file


@pytest.fixture
def texts(tmp_path, monkeypatch):
    monkeypatch.setattr(i18n, "_installed", i18n.Catalogue())
    po(tmp_path, ENTRIES)
    i18n.install(catalogue([tmp_path]))


def test_the_language_is_that_of_the_block(texts):
    with use_locale("zh_CN"):
        assert _("Save") == "保存"
        with use_locale("en"):
            assert _("Save") == "Save"
            assert i18n.active_locale() == "en"
        assert _("Save") == "保存"


def test_without_a_block_the_default_language_is_used(texts):
    assert i18n.active_locale() == "zh_CN"
    assert _("Save") == "保存"


def test_a_language_that_we_lack_gets_the_default(texts):
    with use_locale("de"):
        assert i18n.active_locale() == "zh_CN"


def test_fields_are_filled_in_in_the_order_of_the_language(texts):
    with use_locale("zh_CN"):
        assert _("%(count)s of %(total)s", count=3, total=5) == "共 5 中的 3"
        assert _("%(share)s %% done", share=87) == "完成 87 %"
    with use_locale("en"):
        assert _("%(share)s %% done", share=87) == "87 % done"
    with pytest.raises(KeyError):
        _("%(count)s of %(total)s", count=3)


def test_numbers_choose_the_form(texts):
    with use_locale("en"):
        assert [ngettext("%(n)s customer", "%(n)s customers", n) for n in (0, 1, 2)] == [
            "0 customers",
            "1 customer",
            "2 customers",
        ]
    with use_locale("zh_CN"):
        assert ngettext("%(n)s customer", "%(n)s customers", 1) == "1 个客户"
        assert ngettext("%(n)s lead", "%(n)s leads", 2) == "2 leads"


def test_one_english_word_with_two_meanings(texts):
    with use_locale("zh_CN"):
        assert (pgettext("verb", "Order"), pgettext("noun", "Order"), _("Order")) == ("订购", "订单", "Order")


def test_constants_are_marked_and_translated_where_they_are_shown(texts):
    label = N_("Save")
    with use_locale("zh_CN"):
        assert _(label) == "保存"
        assert _(Text("%(count)s of %(total)s", count=1, total=2)) == "共 2 中的 1"


def test_a_refusal_is_rendered_with_values_as_the_reader_writes_them(texts):
    refusal = Conflict("%(period)s is closed.", period="2026-11")
    with use_locale("zh_CN"):
        assert i18n.render(refusal.message, refusal.params) == "2026-11 已结账。"
        assert (
            i18n.render(refusal.message, refusal.params, lambda value: f"<{value}>") == "<2026-11> 已结账。"
        )


async def test_two_requests_do_not_share_a_language(texts):
    async def request(locale: str) -> list[str]:
        seen = []
        with use_locale(locale):
            for _turn in range(3):
                seen.append(_("Save"))
                await asyncio.sleep(0)
        return seen

    assert await asyncio.gather(request("zh_CN"), request("en")) == [["保存"] * 3, ["Save"] * 3]


def test_templates_speak_both_languages(texts):
    environment = Environment(extensions=["jinja2.ext.i18n"], undefined=StrictUndefined, autoescape=True)
    template_source = "{{ _('Save') }} {{ ngettext('%(n)s customer', '%(n)s customers', 2, n=2) }}"
    for locale, expected in (("zh_CN", "保存 2 个客户"), ("en", "Save 2 customers")):
        environment.install_gettext_translations(  # type: ignore[attr-defined]
            i18n.installed().translations(locale), newstyle=True
        )
        assert environment.from_string(template_source).render() == expected


# --- catalogues that cannot be used


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('msgid "Save"\nmsgstr ""\n', "no translation"),
        ('#, fuzzy\nmsgid "Save"\nmsgstr "保存"\n', "fuzzy"),
        ('msgid "%(a)s left"\nmsgstr "剩余"\n', "lacks fields"),
        ('msgid "left"\nmsgstr "剩余 %(a)s"\n', "unknown fields"),
        ('msgid "5% left"\nmsgstr "剩余 5%%"\n', "neither"),
        ('msgid "Save"\nmsgstr "保存"\ngarbage\n', "Unknown"),
        ('msgid "Save"\nmsgstr "保存"\n\nmsgid "Save"\nmsgstr "存储"\n', "存储"),
    ],
)
def test_a_faulty_entry_stops_the_start_and_names_the_file(tmp_path, text, complaint):
    file = po(tmp_path, text)
    with pytest.raises(CatalogueError, match=complaint) as error:
        catalogue([tmp_path])
    assert str(file) in str(error.value)


def test_one_text_with_two_translations_stops_the_start_and_names_both_files(tmp_path):
    files = [
        po(tmp_path, 'msgid "Save"\nmsgstr "保存"\n', "a"),
        po(tmp_path, 'msgid "Save"\nmsgstr "存储"\n', "b"),
    ]
    with pytest.raises(CatalogueError) as error:
        catalogue([tmp_path])
    assert all(str(file) in str(error.value) for file in files)
    assert "保存" in str(error.value)


def test_two_sites_in_one_process_must_agree(tmp_path, monkeypatch):
    monkeypatch.setattr(i18n, "_installed", i18n.Catalogue())
    po(tmp_path / "hq", 'msgid "Save"\nmsgstr "保存"\n')
    po(tmp_path / "branch", 'msgid "Save"\nmsgstr "存储"\n')
    i18n.install(catalogue([tmp_path / "hq"]))
    i18n.install(catalogue([tmp_path / "hq"]))
    with pytest.raises(CatalogueError):
        i18n.install(catalogue([tmp_path / "branch"]))


def test_the_same_translation_twice_is_fine(tmp_path):
    for name in ("a", "b"):
        po(tmp_path, 'msgid "Save"\nmsgstr "保存"\n', name)
    assert len(catalogue([tmp_path, tmp_path / "a"]).chinese) == 1


# --- order


def test_chinese_names_are_in_the_order_of_their_pinyin():
    names = ["张伟", "上海", "重庆", "北京", "长沙", "广州", "哈尔滨", "ABB 公司", "3M 中国", "曾丽", "单红"]
    assert sorted(names, key=lambda name: i18n.sort_key(name, "zh_CN")) == [
        "3M 中国",
        "ABB 公司",
        "北京",
        "长沙",
        "重庆",
        "广州",
        "哈尔滨",
        "单红",
        "上海",
        "曾丽",
        "张伟",
    ]


def test_a_shorter_name_comes_before_its_longer_one():
    names = ["上海贸易", "上海", "上饶"]
    assert sorted(names, key=lambda name: i18n.sort_key(name, "zh_CN")) == ["上海", "上海贸易", "上饶"]


def test_english_order_ignores_case():
    names = ["beta", "Alpha", "alpha", "中国", "Zeta"]
    assert sorted(names, key=lambda name: i18n.sort_key(name, "en")) == [
        "Alpha",
        "alpha",
        "beta",
        "Zeta",
        "中国",
    ]


def test_names_are_found_by_what_is_typed_on_a_latin_keyboard():
    assert i18n.pinyin("上海 A1 厂") == "shanghaia1chang"
    assert i18n.pinyin_initials("上海 A1 厂") == "sha1c"
    assert i18n.pinyin("长沙银行") == "changshayinhang"
    assert i18n.pinyin("") == ""
