"""The people at a customer as business cards."""

from branch_node.customers.queries import contacts_of
from branch_node.vcards.rules import Card
from shared.records import Customer


async def cards_of(customer: Customer) -> list[Card]:
    """One card per contact; of a customer without contacts its own. Two queries."""
    place = {
        "organisation": customer.name, "address": customer.address, "city": customer.city, "state": customer.state,
        "postcode": customer.postcode, "country": customer.country, "url": customer.website,
    }  # fmt: skip
    people = await contacts_of(customer.id)
    if not people:
        phones = tuple(part.strip() for part in customer.phone.split(",") if part.strip())
        return [
            Card(customer.name, phones=phones, emails=(customer.email,) if customer.email else (), **place)
        ]
    return [
        Card(one.name, position=one.position, phones=tuple(one.phones), emails=tuple(one.emails), **place)
        for one in people
    ]
