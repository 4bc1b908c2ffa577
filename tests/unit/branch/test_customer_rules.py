"""Rules of customers: what makes two the same, and when to call again."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from branch_node.customers.hand_overs import moved_words
from branch_node.customers.rules import (
    SIMPLIFIED,
    email_key,
    keys_of,
    last_contact,
    match_reasons,
    name_key,
    next_contact,
    phone_key,
    phone_keys,
    tax_key,
)
from shared import i18n

DAY = date(2026, 11, 20)
days = st.dates(date(2026, 1, 1), date(2027, 12, 31))
letters = st.text(alphabet="abcdefghijklmnopqrstuvwxyz", min_size=2, max_size=12)
chinese = st.text(alphabet="华东机电浙江贸易安徽钢铁重庆", min_size=2, max_size=8)


def full_width(text: str) -> str:
    return "".join(chr(ord(char) + 0xFEE0) if "!" <= char <= "~" else char for char in text)


@given(letters, st.sampled_from(["Co., Ltd.", "LTD", "Inc.", "limited", "GmbH", "Co Ltd"]))
def test_width_case_and_company_form_do_not_matter_in_latin_names(name: str, form: str) -> None:
    written = f"{name} Works"
    assert name_key(full_width(written).upper() + " " + form) == name_key(written)


@given(chinese, st.sampled_from(["有限公司", "股份有限公司", "有限责任公司", "集团有限公司"]))
def test_script_and_company_form_do_not_matter_in_chinese_names(name: str, form: str) -> None:
    back = {simple: traditional for traditional, simple in SIMPLIFIED.items()}
    traditional = "".join(back.get(char, char) for char in name)
    assert name_key(traditional + form) == name_key(name)


@given(st.text(min_size=1, max_size=60))
def test_a_name_with_a_letter_or_digit_always_has_a_key(name: str) -> None:
    from branch_node.customers.rules import folded

    if any(char.isalnum() for char in folded(name)):
        assert name_key(name)
    assert len(name_key(name)) <= 200


def test_known_names() -> None:
    assert name_key("上海華東電機（集团）有限公司") == name_key("上海华东电机(集团)有限公司")
    assert name_key("East Motors Co., Ltd.") == name_key("ＥＡＳＴ　ＭＯＴＯＲＳ LIMITED") == "eastmotors"
    assert name_key("有限公司") == "有限公司"
    assert name_key("北京钢铁") != name_key("南京钢铁")


@given(st.integers(3 * 10**9, 10**10 - 1), st.sampled_from([" ", "-", "", " - "]))
def test_a_mobile_number_is_the_same_however_grouped(rest: int, gap: str) -> None:
    digits = f"1{rest}"
    grouped = gap.join([digits[:3], digits[3:7], digits[7:]])
    written = [digits, grouped, f"+86 {grouped}", f"0086{digits}", full_width(digits)]
    assert len({phone_key(one, "CN") for one in written}) == 1


def test_phone_numbers() -> None:
    assert phone_key("(021) 5800-1234", "CN") == "+862158001234"
    assert phone_key("021-58001234 ext. 8", "CN") == "+862158001234"
    assert phone_key("090-1234-5678", "JP") == "+819012345678"
    assert phone_key("no number", "CN") == ""
    assert phone_keys("13800138000 / 021-58001234；13800138000", "CN") == ["+8613800138000", "+862158001234"]


def test_mail_and_tax_keys() -> None:
    assert email_key(" Info@Example.COM ") == "info@example.com"
    assert email_key("nobody") == ""
    assert tax_key("9131-0000 ma1fl") == "91310000MA1FL"
    assert tax_key("12") == ""


def test_the_strongest_reason_comes_first() -> None:
    one = keys_of("甲公司", "13800138000", "a@b.cn", "9131000012", "CN")
    other = keys_of("甲有限公司", "+8613800138000", "A@B.cn", "9131000012", "CN")
    assert match_reasons(one, other) == ["tax_number", "phone", "email", "name"]
    assert match_reasons(one, keys_of("乙", "", "", "", "CN")) == []


@given(st.none() | days, days)
def test_an_older_entry_never_sets_the_last_contact_back(current: date | None, happened_on: date) -> None:
    found = last_contact(current, happened_on)
    assert found >= happened_on
    assert current is None or found >= current


@given(st.none() | days, days, st.lists(days, max_size=3))
def test_a_contact_settles_what_was_due_until_then(
    current: date | None, happened_on: date, planned: list[date]
) -> None:
    found = next_contact(current, happened_on, planned)
    if found is not None:
        assert found in planned or (found == current and found > happened_on)
    if planned:
        assert found is not None
        assert found <= min(planned)


def test_next_contact() -> None:
    later, soon = DAY + timedelta(days=9), DAY + timedelta(days=2)
    assert next_contact(DAY, DAY, [], None) is None
    assert next_contact(None, DAY, [], soon) == soon
    assert next_contact(later, DAY, [], soon) == soon
    assert next_contact(soon, DAY, [], later) == later
    assert next_contact(later, None, [soon]) == soon


def test_a_hand_over_names_what_moved_and_no_more() -> None:
    with i18n.use_locale("en"):
        assert moved_words({"customers": 18, "tasks": 0, "quotations": 1}) == "18 customers, 1 quote"
        assert moved_words({"customers": 0}) == "nothing"
