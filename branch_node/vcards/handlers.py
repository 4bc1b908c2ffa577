"""Pages of business cards: a file is read, each card offered, and taken; the contacts of a customer as a file."""

from collections.abc import Sequence

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.customers.queries import customer_for, duplicates_of
from branch_node.requests import path_id
from branch_node.vcards import actions, queries
from branch_node.vcards.forms import TEXT_LIMIT, TakeForm
from branch_node.vcards.pages import CardsPage, Offer
from branch_node.vcards.rules import Card, decoded, read_cards, write_cards
from shared.database import transaction
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import Person, reach
from shared.web.export import disposition
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Option
from shared.web.responses import page, redirect


async def ask(request: Request) -> Response:
    return page(request, "vcards/cards.html", CardsPage(empty_form()))


async def read(request: Request) -> Response:
    """The file's cards with what can become of each; nothing is written yet."""
    posted = await request.form()
    upload = posted.get("file")
    content = await upload.read() if isinstance(upload, UploadFile) else b""
    cards = read_cards(decoded(content))
    if not cards:
        form: Form[TakeForm] = Form(
            {}, {"file": _("There is no business card in this file. Choose a .vcf file.")}
        )
        return page(request, "vcards/cards.html", CardsPage(form), status=422)
    return page(request, "vcards/cards.html", await offers_page(request.state.person, cards, empty_form()))


async def offers_page(person: Person, cards: Sequence[Card], form: Form[TakeForm]) -> CardsPage:
    text = write_cards(cards)
    if len(text) > TEXT_LIMIT:
        wrong: Form[TakeForm] = Form({}, {"file": _("This file is too long. Divide it into smaller ones.")})
        return CardsPage(wrong)
    return CardsPage(form, [await offer(person, card) for card in cards], text)


async def offer(person: Person, card: Card) -> Offer:
    """Known customers first: the card's company or the card's own numbers; then a new one, then nothing."""
    found = await duplicates_of(
        person, name=card.organisation or card.name, phone=", ".join(card.phones), email=next(iter(card.emails), ""),
        tax_number="",
    )  # fmt: skip
    known = [
        Option(str(one.id), _("contact at %(name)s", name=one.name)) for one in found if one.id is not None
    ]
    skip = Option(actions.SKIP, _("skip this card"))
    new = Option(actions.NEW, _("new customer %(name)s", name=card.organisation or card.name))
    return Offer(card, [*known, new, skip] if person.may("customer.edit") else [*known, skip])


async def take(request: Request) -> Response:
    """Write what was chosen."""
    person: Person = request.state.person
    form = await read_form(request, TakeForm)
    cards = read_cards(form.text("cards"))
    if form.errors:
        return page(request, "vcards/cards.html", CardsPage(form), status=422)
    try:
        taken = await actions.take_cards(person, cards, form.value.choice)
    except Invalid as refused:
        view = await offers_page(person, cards, with_errors(form, refused))
        return page(request, "vcards/cards.html", view, status=422)
    text = ngettext("%(n)s contact saved", "%(n)s contacts saved", taken.contacts)
    if taken.customers:
        text += _(", ") + ngettext("%(n)s new customer", "%(n)s new customers", taken.customers)
    return redirect("/customers", toast=text)


async def download(request: Request) -> Response:
    """The people at a customer as a file for a phone; who took it is noted."""
    person: Person = request.state.person
    customer = await customer_for(person, path_id(request))
    reach(person, "contact.view")
    cards = await queries.cards_of(customer)
    async with transaction():
        await note(person, "contacts.exported", "customer", customer.id, count=len(cards), format="vcf")
    headers = {"content-disposition": disposition(customer.name, "vcf"), "cache-control": "no-store"}
    return Response(write_cards(cards), media_type="text/vcard", headers=headers)
