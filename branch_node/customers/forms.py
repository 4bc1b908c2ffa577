"""Forms of customers; shared by the pages and the JSON API."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from branch_node.bulk import BulkForm
from branch_node.customers.rules import GROUPS, KINDS, TAX_RULES
from shared.i18n import N_
from shared.money import CURRENCIES
from shared.web.forms import (
    AmountMinor,
    Day,
    FormModel,
    LongText,
    MailAddress,
    Picked,
    Tick,
    WholeNumber,
    plain_width,
    wrong_entry,
)

T24 = Annotated[str, StringConstraints(max_length=24)]
T60 = Annotated[str, StringConstraints(max_length=60)]
T80 = Annotated[str, StringConstraints(max_length=80)]
T120 = Annotated[str, StringConstraints(max_length=120)]
T200 = Annotated[str, StringConstraints(max_length=200)]
T300 = Annotated[str, StringConstraints(max_length=300)]


def _among(value: str, known: object, msgid: str) -> str:
    if value not in known:  # type: ignore[operator]
        raise wrong_entry(msgid)
    return value


class CustomerForm(FormModel):
    """The master record. `credit_limit_minor` counts only for who may set it; `confirmed` accepts duplicates."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    status: Literal["prospect", "customer", "dormant", "lost"] = "prospect"
    kind: T24 = ""
    group: T24 = ""
    region: T80 = ""
    industry: T80 = ""
    source: T80 = ""
    owner_id: Picked | None = None
    phone: T80 = ""
    email: MailAddress = ""
    website: T200 = ""
    address: T300 = ""
    city: T80 = ""
    state: T80 = ""
    postcode: T24 = ""
    country: T60 = ""
    tax_number: T60 = ""
    tax_rule: T24 = ""
    bank_name: T120 = ""
    bank_account: T60 = ""
    currency: str = ""
    payment_terms_days: Annotated[WholeNumber, Field(ge=0, le=720)] = 30
    credit_limit_minor: Annotated[AmountMinor, Field(ge=0)] | None = None
    credit_hold: Tick = False
    concessions: LongText = ""
    commission_code: Annotated[str, StringConstraints(max_length=32)] = ""
    ship_to: T300 = ""
    invoice_to: T300 = ""
    notes: LongText = ""
    acquired_on: Day | None = None
    contact_name: T120 = ""
    confirmed: Tick = False
    revision: WholeNumber | None = None

    @field_validator("kind")
    @classmethod
    def _known_kind(cls, value: str) -> str:
        return _among(value, KINDS, N_("Choose one from the list."))

    @field_validator("group")
    @classmethod
    def _known_group(cls, value: str) -> str:
        return _among(value, GROUPS, N_("Choose one from the list."))

    @field_validator("tax_rule")
    @classmethod
    def _known_tax_rule(cls, value: str) -> str:
        return _among(value, TAX_RULES, N_("Choose one from the list."))

    @field_validator("tax_number")
    @classmethod
    def _half_width(cls, value: str) -> str:
        return plain_width(value)

    @field_validator("currency")
    @classmethod
    def _known_currency(cls, value: str) -> str:
        return _among(value.upper(), {"", *CURRENCIES}, N_("Enter a currency code such as CNY or USD."))

    @field_validator("website")
    @classmethod
    def _web_address(cls, value: str) -> str:
        if value and not value.startswith(("http://", "https://")):
            value = f"https://{value}"
        return value


class FieldForm(CustomerForm):
    """One field of the master record, or the next contact; `was` is the text it had when `revision` was read."""

    name: Annotated[str, StringConstraints(max_length=200)] = ""
    next_contact_on: Day | None = None
    was: str = ""


class ContactForm(FormModel):
    """A person at a customer and how to reach them."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=120)]
    position: T120 = ""
    phone: T80 = ""
    email: MailAddress = ""
    is_main: Tick = False
    notes: LongText = ""


class AddressForm(FormModel):
    """A further address."""

    kind: Literal["ship_to", "invoice_to", "other"] = "ship_to"
    line: Annotated[str, StringConstraints(min_length=1, max_length=300)]
    city: T80 = ""
    postcode: T24 = ""


class DuplicatesForm(FormModel):
    """What is being entered, while it is entered."""

    name: T200 = ""
    phone: T80 = ""
    email: T200 = ""
    tax_number: T60 = ""
    own_id: Picked | None = None


class AssignForm(FormModel):
    """Customers for somebody else."""

    ids: list[Picked] = []
    to_id: Picked


class StateForm(BulkForm):
    """A state for the ticked customers."""

    status: Literal["prospect", "customer", "dormant", "lost"] = "dormant"


class HandOverForm(FormModel):
    """All customers of one employee to another."""

    from_id: Picked
    to_id: Picked
    reason: T200 = ""


class FilterForm(FormModel):
    """Filters of the customer list. `ordered_from` counts what was ordered in 12 months, base currency; `custom` are
    own fields by key, read by `targets.with_custom`."""

    q: T80 = ""
    status: T24 = ""
    group: T24 = ""
    kind: T24 = ""
    region: T80 = ""
    owner: Picked | None = None
    silent_days: Annotated[WholeNumber, Field(ge=1, le=3650)] | None = None
    acquired_from: Day | None = None
    acquired_to: Day | None = None
    signed_from: Day | None = None
    signed_to: Day | None = None
    industry: T80 = ""
    source: T80 = ""
    city: T80 = ""
    unordered_days: Annotated[WholeNumber, Field(ge=1, le=3650)] | None = None
    ordered_from: Annotated[AmountMinor, Field(ge=1)] | None = None
    bought: T80 = ""
    opportunity: Literal["", "1"] = ""
    custom: dict[str, str] = {}
