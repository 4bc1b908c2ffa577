"""The check finds each way in which texts and translations can part."""

import pytest

from shared.i18n_check import missing_and_unused
from tests.unit.shared.test_i18n import po


@pytest.fixture
def package(tmp_path):
    """A package of one module, one template and one catalogue, all in order."""
    (tmp_path / "feature").mkdir()
    (tmp_path / "feature" / "rules.py").write_text(
        'LABEL = N_("Save")\n'
        "def refuse():\n"
        '    raise Conflict("%(period)s is closed.", period=1)\n'
        '    ngettext("%(n)s lead", "%(n)s leads", 2)\n',
        encoding="utf-8",
    )
    (tmp_path / "feature" / "show.html").write_text("<p>{{ _('New customer') }}</p>", encoding="utf-8")
    catalogue = tmp_path / "feature" / "zh_CN.po"
    catalogue.write_text(
        'msgid ""\nmsgstr "Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "Save"\nmsgstr "保存"\n\n'
        'msgid "%(period)s is closed."\nmsgstr "%(period)s 已结账。"\n\n'
        'msgid "%(n)s lead"\nmsgid_plural "%(n)s leads"\nmsgstr[0] "%(n)s 条线索"\n\n'
        'msgid "New customer"\nmsgstr "新客户"\n\n',
        encoding="utf-8",
    )
    return tmp_path


def add(package, text: str, name: str = "more.py") -> None:
    (package / "feature" / name).write_text(text, encoding="utf-8")


def add_entry(package, text: str) -> None:
    file = package / "feature" / "zh_CN.po"
    file.write_text(file.read_text("utf-8") + text, encoding="utf-8")


def test_a_package_in_order_has_no_faults(package):
    assert missing_and_unused([package]).faults() == []


def test_a_missing_translation_is_told_once_with_its_place(package):
    add(package, '_("Send")\n\n_("Send")\n')
    (fault,) = missing_and_unused([package]).faults()
    assert fault == f"missing: 'Send' in {package}/feature/more.py:1"


def test_a_text_within_an_f_string_is_found(package):
    add(package, "f\"{a} {_('Send to %(name)s', name=b)}\"\n")
    (fault,) = missing_and_unused([package]).faults()
    assert fault == f"missing: 'Send to %(name)s' in {package}/feature/more.py:1"


def test_a_text_in_a_template_is_found(package):
    add(package, "{% trans %}Old customer{% endtrans %}", "old.html")
    assert "'Old customer'" in missing_and_unused([package]).missing[0]


def test_what_another_folder_of_the_site_translates_is_not_missing(package, tmp_path_factory):
    other = tmp_path_factory.mktemp("shared")
    po(other, 'msgid "Send"\nmsgstr "发送"\n')
    add(package, '_("Send")\n')
    assert missing_and_unused([package], known=[other]).faults() == []


def test_an_unused_translation_is_told(package):
    add_entry(package, 'msgid "Gone"\nmsgstr "没了"\n')
    assert "'Gone'" in missing_and_unused([package]).unused[0]


@pytest.mark.parametrize(
    ("entry", "kind"),
    [
        ('msgid "Send"\nmsgstr ""\n', "empty"),
        ('#, fuzzy\nmsgid "Send"\nmsgstr "发送"\n', "fuzzy"),
        ('msgid "Send"\nmsgstr "Send"\n', "latin_only"),
    ],
)
def test_poor_translations_are_told(package, entry, kind):
    add(package, '_("Send")\n')
    add_entry(package, entry)
    assert "'Send'" in getattr(missing_and_unused([package]), kind)[0]


def test_latin_is_fine_where_it_is_allowed_or_nothing_was_to_translate(package):
    add(package, '_("API")\n_("%(a)s – %(b)s")\n')
    add_entry(package, 'msgid "API"\nmsgstr "API"\n\nmsgid "%(a)s – %(b)s"\nmsgstr "%(a)s—%(b)s"\n')
    assert missing_and_unused([package], latin_allowed={"API"}).faults() == []
    assert len(missing_and_unused([package]).latin_only) == 1


def test_a_plural_that_the_catalogue_lacks_is_told(package):
    add(package, 'ngettext("Save", "Saves", 2)\n')
    assert "its plural is 'Saves'" in missing_and_unused([package]).wrong[0]


@pytest.mark.parametrize(
    "text", ['_(f"Hello {name}")', '_("Hello %s" % name)', 'N_("Hello {}".format(name))', 'Conflict("a" + b)']
)
def test_texts_built_at_run_time_are_told(package, text):
    add(package, text + "\n")
    assert "built at run time" in " ".join(missing_and_unused([package]).wrong)


def test_contradictions_and_unreadable_files_are_told(package):
    po(package, 'msgid "Save"\nmsgstr "存储"\n', "other")
    add(package, "{{ x + .5 }}", "broken.html")
    wrong = " ".join(missing_and_unused([package]).wrong)
    assert "存储" in wrong
    assert "broken.html:1" in wrong
