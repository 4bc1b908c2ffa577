"""Business cards: what real programs wrote is read, what we write is read back, cards become contacts or customers."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from branch_node.vcards import actions
from branch_node.vcards.rules import Card, decoded, read_cards, write_cards
from shared.database import Database
from shared.errors import Invalid, NotFound
from shared.records import Contact, ContactPoint, Customer
from tests.imports.company import DATA
from tests.support.cast import LIN, SHANGHAI, ZHOU, acting, customer_of, hire
from tests.support.services import missing

CARDS = DATA.parent / "vcards"


def cards_in(name: str) -> list[Card]:
    if not CARDS.is_dir():
        missing("the sample cards are not on this machine")
    return read_cards(decoded((CARDS / name).read_bytes()))


def test_cards_of_evolution_gmail_and_the_standard_are_read() -> None:
    [doe] = cards_in("John_Doe_EVOLUTION.vcf")
    assert (doe.name, doe.organisation, doe.position) == (
        "Mr. John Richter, James Doe Sr.",
        "IBM",
        "Money Counter",
    )
    assert doe.phones == ("905-666-1234", "905-555-1234")
    assert (doe.emails, doe.city, doe.postcode) == (("john.doe@ibm.com",), "Albaney", "12345")
    assert doe.url == "http://www.ibm.com"
    assert len(cards_in("gmail-list.vcf")) > 1
    assert len(cards_in("gmail-single.vcf")) == 1
    standard = cards_in("rfc2426-example.vcf")
    assert [card.name for card in standard] == ["Frank Dawson", "Tim Howes"]
    assert standard[0].organisation == "Lotus Development Corporation"
    assert all(card.emails and card.phones for card in standard)


def test_an_old_phone_s_quoted_printable_and_a_chinese_name_are_read() -> None:
    text = (
        "BEGIN:VCARD\r\nVERSION:2.1\r\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:=E7=8E=8B;=E8=8A=\r\n=B3\r\n"
        "item1.TEL;CELL:+86 139 0013 9000\r\nEND:VCARD\r\n"
    )
    assert read_cards(text) == [Card("王芳", phones=("+86 139 0013 9000",))]


TEXTS = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=120).map(str.strip)
NAMES = TEXTS.filter(bool)


@given(
    st.builds(
        Card, NAMES, TEXTS, TEXTS, st.lists(NAMES, max_size=2, unique=True).map(tuple),
        st.lists(NAMES, max_size=2, unique=True).map(tuple), TEXTS, TEXTS, notes=TEXTS,
    )
)  # fmt: skip
@example(Card("0", city="\\"))
@example(Card("0", address="\\;", city=";\\"))
def test_what_is_written_is_read_back(card: Card) -> None:
    plain = Card(
        card.name, card.organisation, card.position,
        tuple(one for one in card.phones if not one.lower().startswith("tel:")),
        tuple(one for one in card.emails if not one.lower().startswith("mailto:")),
        card.address, card.city, notes=card.notes,
    )  # fmt: skip
    text = write_cards([plain])
    assert max(len(line.encode()) for line in text.split("\r\n")) <= 75
    assert read_cards(text) == [plain]


@given(st.text(max_size=300))
def test_any_text_is_read_without_a_fault(text: str) -> None:
    found = read_cards(f"BEGIN:VCARD\n{text}\nEND:VCARD\nBEGIN:VCARD\nFN:Wang Min\nEND:VCARD\n")
    assert all(isinstance(card, type(found[0])) for card in found)
    assert [card.name for card in found][-1:] == ["Wang Min"]


async def test_two_cards_of_a_new_company_make_one_customer_and_a_known_one_gets_a_contact(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        known = await customer_of(LIN, "恒达")
        cards = [
            Card("王芳", "新潮机电", "经理", ("021-5800 9999",), ("wang@new.example",), city="上海"),
            Card("李强", "新潮机电", emails=("li@new.example",)),
            Card("赵六", "恒达", phones=("13900001111",)),
            Card("谁"),
        ]
        taken = await actions.take_cards(LIN.person, cards, ["new", "new", str(known.id), "skip"])
        assert (taken.customers, taken.contacts, taken.skipped) == (1, 3, 1)
        made = await Customer.get(name="新潮机电")
        assert (made.city, made.owner_id) == ("上海", LIN.id)
        assert {row.name for row in await Contact.filter(customer_id=made.id)} == {"王芳", "李强"}
        assert await ContactPoint.filter(customer_id=known.id, key="+8613900001111").exists()


async def test_a_card_for_somebody_else_s_customer_is_refused_and_nothing_is_written(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        foreign = await customer_of(ZHOU, "西部机床")
        with pytest.raises(NotFound):
            await actions.take_cards(LIN.person, [Card("甲", "新"), Card("乙")], ["new", str(foreign.id)])
        with pytest.raises(Invalid):
            await actions.take_cards(LIN.person, [Card("甲")], [])
        assert not await Customer.filter(name="新").exists()


def test_an_address_that_no_mail_reaches_stays_out_of_the_box() -> None:
    card = Card(name="Lin", organisation="East", emails=("john doe@ibm.com", "lin@", "lin@east.cn"))
    assert actions.contact_form(card).email == actions.customer_form(card).email == "lin@east.cn"
