"""People from business cards: a new customer with its contact, or a contact at a customer that is known."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from branch_node.customers.actions import add_customer
from branch_node.customers.contacts import save_contact
from branch_node.customers.forms import ContactForm, CustomerForm
from branch_node.customers.queries import standing_customer
from branch_node.vcards.rules import Card
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import N_
from shared.mail import is_mail_address
from shared.permissions import Person, require

NEW, SKIP = "new", "skip"


@dataclass(frozen=True)
class Taken:
    """How many customers and contacts came of it; cards read = contacts + skipped."""

    customers: int = 0
    contacts: int = 0
    skipped: int = 0


async def take_cards(person: Person, cards: Sequence[Card], choices: Sequence[str]) -> Taken:
    """Write what was chosen for each card, all or nothing. Two cards of one new company make one customer.

    A choice is `new`, `skip` or a customer's id within reach of contact.edit. Invalid when they do not fit the cards.
    """
    require(person, "contact.edit")
    if len(choices) != len(cards):
        raise Invalid(N_("The file was not read to its end. Choose it again."), code="cards.mismatch")
    made: dict[str, UUID] = {}
    contacts = 0
    async with transaction():
        for card, choice in zip(cards, choices, strict=True):
            if choice == SKIP:
                continue
            contacts += 1
            company = card.organisation or card.name
            if choice == NEW and company not in made:
                made[company] = (await add_customer(person, customer_form(card))).id
            customer_id = made[company] if choice == NEW else _id(choice)
            customer = await standing_customer(person, customer_id, "contact.edit")
            await save_contact(person, customer, contact_form(card))
    return Taken(len(made), contacts, len(cards) - contacts)


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise Invalid(N_("Choose one from the list."), code="cards.choice") from None


def customer_form(card: Card) -> CustomerForm:
    """A prospect of the card's company; what is no web or mail address stays out of its box."""
    return CustomerForm(
        name=(card.organisation or card.name)[:200], phone=", ".join(card.phones)[:80], email=email_of(card),
        website=card.url[:200] if card.url.startswith(("http://", "https://")) else "", address=card.address[:300],
        city=card.city[:80], state=card.state[:80], postcode=card.postcode[:24], country=card.country[:60],
    )  # fmt: skip


def email_of(card: Card) -> str:
    """The first of a card's that a mail can be sent to; empty when there is none."""
    return next((one for one in card.emails if is_mail_address(one) and len(one) <= 200), "")


def contact_form(card: Card) -> ContactForm:
    return ContactForm(
        name=card.name[:120], position=card.position[:120], phone=", ".join(card.phones)[:80], email=email_of(card),
        notes=card.notes[:4000],
    )  # fmt: skip
