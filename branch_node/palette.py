"""What the palette of a branch finds beside its menu: customers and staff."""

from collections.abc import Sequence

from starlette.requests import Request

from branch_node.customers.queries import pick_customers
from branch_node.staff.queries import pick_staff
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.web.site import PaletteHit


async def customers(request: Request, query: str) -> Sequence[PaletteHit]:
    """Customers within reach by name, code, phone or pinyin; recent ones for an empty query."""
    person: Person = request.state.person
    if not person.may("customer.view"):
        return []
    hits = await pick_customers(person, query)
    return [PaletteHit(_("Customers"), hit.label, f"/customers/{hit.value}", hit.hint) for hit in hits]


async def staff(request: Request, query: str) -> Sequence[PaletteHit]:
    """Colleagues by name, number or pinyin."""
    person: Person = request.state.person
    if not query or not person.may("staff.view"):
        return []
    hits = await pick_staff(person, query)
    return [PaletteHit(_("Staff"), hit.label, f"/staff/{hit.value}", hit.hint) for hit in hits]


SOURCES = (customers, staff)
