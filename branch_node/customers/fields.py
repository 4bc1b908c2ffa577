"""The fields of the customer form: labels, groups, choices."""

from collections.abc import Mapping, Sequence
from typing import Any

from branch_node.customers.pages import FieldGroup
from branch_node.customers.rules import (
    GROUPS,
    INDUSTRIES,
    KINDS,
    REGIONS,
    SOURCES,
    STATUSES,
    TAX_RULES,
    VOCABULARIES,
)
from branch_node.own_fields import custom_field
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.records import CustomFieldDef
from shared.web.forms import Form
from shared.web.parts import Field, Option


def labels() -> dict[str, str]:
    """The label of each field by name."""
    return {
        "name": _("Name"),
        "code": _("Customer code"),
        "status": _("State"),
        "kind": _("Type"),
        "group": _("Group"),
        "region": _("Region"),
        "industry": _("Industry"),
        "source": _("Source"),
        "owner_id": _("Owner"),
        "phone": _("Telephone"),
        "email": _("E-mail"),
        "website": _("Website"),
        "address": _("Address"),
        "city": _("City"),
        "state": _("Province"),
        "postcode": _("Postcode"),
        "country": _("Country"),
        "tax_number": _("Tax number"),
        "tax_rule": _("Tax rule"),
        "bank_name": _("Bank"),
        "bank_account": _("Bank account"),
        "currency": _("Currency"),
        "payment_terms_days": _("Payment terms"),
        "credit_limit_minor": _("Sales limit"),
        "credit_hold": _("Credit hold"),
        "concessions": _("Concessions"),
        "commission_code": _("Commission code"),
        "ship_to": _("Ship to"),
        "invoice_to": _("Invoice to"),
        "notes": _("Notes"),
        "acquired_on": _("Customer since"),
        "contact_name": _("Contact person"),
        "next_contact_on": _("Next contact"),
        "signed_on": _("Signed on"),
        "merged_into_id": _("Merged into"),
    }


def options(known: Mapping[str, str]) -> list[Option]:
    return [Option(code, _(label)) for code, label in known.items()]


def word_of(name: str, value: str) -> str:
    """A stored code of a field in the reader's language; any other text as it is."""
    known = VOCABULARIES.get(name, {})
    return _(known[value]) if value and value in known else value


def choices(known: Mapping[str, str], current: str) -> list[Option]:
    """The codes of a vocabulary, and what is stored when it is none of them."""
    own = [Option(current, current)] if current and current not in known else []
    return [Option("", "—"), *own, *options(known)]


def groups(
    person: Person,
    form: Form[Any],
    *,
    is_new: bool,
    is_signed: bool,
    owner: str,
    custom: Sequence[CustomFieldDef] = (),
) -> list[FieldGroup]:
    """The form: what everybody needs first, the rest folded."""
    label = labels()
    found = [
        FieldGroup(_("Who"), _first(label, form, is_new)),
        FieldGroup(_("Classification"), _classes(label, form, person, is_signed, owner)),
        FieldGroup(_("Addresses"), _places(label), is_open=False),
        FieldGroup(_("Money and terms"), _money(label, person), is_open=False),
    ]
    if custom:
        found.append(FieldGroup(_("Own fields"), [custom_field(one) for one in custom]))
    found.append(
        FieldGroup(label["notes"], [Field("notes", label["notes"], "area", is_optional=True, width="full")])
    )
    return found


def _first(label: Mapping[str, str], form: Form[Any], is_new: bool) -> list[Field]:
    """Who it is."""
    return kept(
        [
            Field("name", label["name"], width="l", is_focused=is_new, max_length=200),
            Field("phone", label["phone"], "tel", is_optional=True),
            Field("contact_name", label["contact_name"], is_optional=True, max_length=120)
            if is_new
            else None,
            Field("email", label["email"], "email", is_optional=True),
            Field("city", label["city"], is_optional=True, max_length=80),
            Field("source", label["source"], "select", options=choices(SOURCES, form.text("source"))),
        ]
    )


def _classes(
    label: Mapping[str, str], form: Form[Any], person: Person, is_signed: bool, owner: str
) -> list[Field]:
    """What kind of customer, and whose."""
    statuses = [
        code
        for code in ("prospect", "customer", "dormant", "lost")
        if code != ("prospect" if is_signed else "customer")
    ]
    return kept(
        [
            Field(
                "status",
                label["status"],
                "select",
                options=options({code: STATUSES[code] for code in statuses}),
            ),
            Field("kind", label["kind"], "select", options=options(KINDS)),
            Field("group", label["group"], "select", options=options(GROUPS)),
            Field("region", label["region"], "select", options=choices(REGIONS, form.text("region"))),
            Field(
                "industry", label["industry"], "select", options=choices(INDUSTRIES, form.text("industry"))
            ),
            Field(
                "code",
                label["code"],
                is_optional=True,
                max_length=40,
                hint=_("Left empty it gets the next number."),
            ),
            Field(
                "owner_id",
                label["owner_id"],
                "pick",
                pick_url="/staff/pick?for=customer.assign",
                pick_text=owner,
            )
            if person.may("customer.assign")
            else None,
            Field("acquired_on", label["acquired_on"], "date", is_optional=True),
        ]
    )


def _places(label: Mapping[str, str]) -> list[Field]:
    """Where."""
    return kept(
        [
            Field("address", label["address"], width="l", is_optional=True, max_length=300),
            Field("state", label["state"], is_optional=True, max_length=80),
            Field("postcode", label["postcode"], is_optional=True, width="s", max_length=24),
            Field("country", label["country"], is_optional=True, max_length=60),
            Field("website", label["website"], is_optional=True, width="l", max_length=200),
            Field("ship_to", label["ship_to"], is_optional=True, width="l", max_length=300),
            Field("invoice_to", label["invoice_to"], is_optional=True, width="l", max_length=300),
        ]
    )


def _money(label: Mapping[str, str], person: Person) -> list[Field]:
    """Currency, terms, limit, tax, bank."""
    return kept(
        [
            Field("currency", label["currency"], width="s", is_optional=True, max_length=3),
            Field("payment_terms_days", label["payment_terms_days"], "number", width="s", unit=_("days")),
            Field("credit_limit_minor", label["credit_limit_minor"], "money", is_optional=True)
            if person.may("receivable.edit")
            else None,
            Field(
                "credit_hold",
                label["credit_hold"],
                "tick",
                hint=_("Orders of this customer cannot be approved while it is set."),
            )
            if person.may("receivable.edit")
            else None,
            Field("tax_number", label["tax_number"], is_optional=True, max_length=60),
            Field("tax_rule", label["tax_rule"], "select", options=options(TAX_RULES)),
            Field("bank_name", label["bank_name"], is_optional=True, max_length=120),
            Field("bank_account", label["bank_account"], is_optional=True, max_length=60),
            Field("commission_code", label["commission_code"], is_optional=True, max_length=32),
            Field("concessions", label["concessions"], "area", is_optional=True, width="l"),
        ]
    )


def kept(fields: Sequence[Field | None]) -> list[Field]:
    return [one for one in fields if one is not None]
