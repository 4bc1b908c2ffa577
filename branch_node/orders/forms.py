"""Forms of orders and quotes: a head, lines and instalments; for pages and the JSON API alike.

In html the boxes of line 2 are named line-2-text, line-2-quantity and so on, those of instalments part-1-share.
`parse_document` makes one model of them and puts each message beside its own box.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, Field, StringConstraints, ValidationError

from branch_node.amounts import TypedAmount, TypedPrice
from shared.i18n import gettext
from shared.web.forms import (
    CURRENCY,
    MESSAGES,
    OTHERWISE,
    CurrencyCode,
    Day,
    Form,
    FormModel,
    PercentBp,
    PeriodText,
    Picked,
    QuantityMilli,
    WholeNumber,
    percent_up_to,
)

M = TypeVar("M", bound=BaseModel)

Share = Annotated[PercentBp, percent_up_to(10_000, more_than_0=True)]
Discount = Annotated[PercentBp, percent_up_to(10_000)]
Tax = Annotated[PercentBp, percent_up_to(5_000)]
Quantity = Annotated[QuantityMilli, Field(gt=0, le=10**12)]
MOST_DAYS = 3_650
Days = Annotated[WholeNumber, Field(ge=0, le=MOST_DAYS)]
Reason = Annotated[str, StringConstraints(min_length=2, max_length=300)]

MOST_LINES = 200
MOST_PARTS = 60
MOST_SHARES = 20


class DocumentLineForm(FormModel):
    """A line. A product brings its text and list price; without one both are typed. `price` (per unit, after the
    line's discount) wins over `discount_bp`."""

    product_id: Picked | None = None
    product_id_text: Annotated[str, StringConstraints(max_length=200)] = ""
    text: Annotated[str, StringConstraints(max_length=300)] = ""
    quantity: Quantity = 1_000
    list_price: TypedPrice | None = None
    discount: Discount | None = None
    price: TypedPrice | None = None
    place: int | None = None


class InstalmentForm(FormModel):
    """An instalment: a share of the order or an amount, payable some days after approval."""

    share: Share | None = None
    amount: TypedAmount | None = None
    days: Days = 0
    place: int | None = None


class ShareForm(FormModel):
    """What part of an order is one seller's sale. He is named by id, or by name or number as typed."""

    employee_id: Picked | None = None
    employee_id_text: Annotated[str, StringConstraints(max_length=200)] = ""
    percent: Share
    place: int | None = None


class DocumentForm(FormModel):
    """What orders and quotes have in common. Without a currency it is the customer's."""

    customer_id: Picked
    currency: CurrencyCode | None = None
    happened_on: Day
    discount: Discount = 0
    tax: Tax = 0
    lines: Annotated[list[DocumentLineForm], Field(max_length=MOST_LINES)] = []
    revision: WholeNumber | None = None


class OrderForm(DocumentForm):
    """An order. Payment terms and ship-to left empty are the customer's; `customer_reference` is the customer's own number;
    without `shares` it is the sale of the one in whose name it stands."""

    required_on: Day | None = None
    payment_terms_days: Days | None = None
    parts: Annotated[list[InstalmentForm], Field(max_length=MOST_PARTS)] = []
    shares: Annotated[list[ShareForm], Field(max_length=MOST_SHARES)] = []
    ship_to: Annotated[str, StringConstraints(max_length=300)] = ""
    customer_reference: Annotated[str, StringConstraints(max_length=80)] = ""
    notes: Annotated[str, StringConstraints(max_length=4000)] = ""
    custom: dict[str, str] = {}


class StepForm(FormModel):
    """A step added to the execution plan."""

    kind: Annotated[str, StringConstraints(min_length=1, max_length=24)]
    title: Annotated[str, StringConstraints(max_length=120)] = ""
    due_on: Day | None = None
    owner_id: Picked | None = None


class StepDoneForm(FormModel):
    """That a step was done, with its proof, or why it was skipped."""

    outcome: Literal["done", "skipped", "pending"] = "done"
    done_on: Day | None = None
    proof: Annotated[str, StringConstraints(max_length=200)] = ""


class StepMoveForm(FormModel):
    """One place up or down."""

    to: Literal["up", "down"]


class ShipForm(FormModel):
    """When the goods left, and the proof of it."""

    shipped_on: Day
    proof: Annotated[str, StringConstraints(max_length=200)] = ""


class CancelForm(FormModel):
    """Why an order is cancelled."""

    reason: Reason


class FilterForm(FormModel):
    """What the list of orders is narrowed to. `measure` with `period` gives the rows behind a figure."""

    q: Annotated[str, StringConstraints(max_length=100)] = ""
    status: (
        Literal["draft", "submitted", "approved", "rejected", "executing", "completed", "cancelled", "open"]
        | None
    ) = None
    customer_id: Picked | None = None
    owner_id: Picked | None = None
    department_id: Picked | None = None
    measure: Literal["sales", "ordered", "cancelled", "shipped"] | None = None
    period: PeriodText = ""


_ROW = re.compile(r"^(line|part|share)-(\d{1,3})-([a-z_]+)$")
_LISTS = {"line": "lines", "part": "parts", "share": "shares"}
_NAMES = {value: key for key, value in _LISTS.items()}


def parse_document(typed: Mapping[str, str], model: type[M], *, agreed: str = "") -> Form[M]:
    """Entries by box name as `model`. Empty lines and instalments are left out; the others keep their places.

    `agreed` is the customer's currency, in which amounts are read unless another was chosen.
    """
    head: dict[str, Any] = {}
    rows: dict[str, dict[int, dict[str, str]]] = {kind: {} for kind in _LISTS}
    custom: dict[str, str] = {}
    for name, value in typed.items():
        if match := _ROW.match(name):
            if value.strip():
                rows[match[1]].setdefault(int(match[2]), {})[match[3]] = value
        elif name.startswith("custom_"):
            custom[name.removeprefix("custom_")] = value.strip()
        elif value.strip() and name in model.model_fields:
            head[name] = value
    places: dict[str, list[int]] = {}
    for kind, found in rows.items():
        kept = sorted(place for place, row in found.items() if _counts(kind, row))
        places[kind] = kept
        if _LISTS[kind] in model.model_fields:
            head[_LISTS[kind]] = [{**found[place], "place": place} for place in kept]
    if "custom" in model.model_fields:
        head["custom"] = custom
    try:
        return Form(typed, {}, model.model_validate(head, context={CURRENCY: typed.get(CURRENCY) or agreed}))
    except ValidationError as wrong:
        return Form(typed, _messages(wrong, places))


def _counts(kind: str, row: Mapping[str, str]) -> bool:
    """Whether a row of boxes says anything: a quantity or a number of days alone does not."""
    return bool(set(row) - ({"quantity"} if kind == "line" else {"days"}))


def _messages(wrong: ValidationError, places: Mapping[str, Sequence[int]]) -> dict[str, str]:
    messages: dict[str, str] = {}
    for error in wrong.errors(include_url=False, include_input=False):
        context = dict(error.get("ctx", {}))
        msgid = context.pop("msgid", None) or MESSAGES.get(error["type"], OTHERWISE)
        messages.setdefault(box_of(error["loc"], places), gettext(msgid, **context))
    return messages


def box_of(loc: tuple[Any, ...], places: Mapping[str, Sequence[int]]) -> str:
    """The box that a place in the model was typed into: ("lines", 0, "price") is line-0-price."""
    if len(loc) >= 3 and loc[0] in _NAMES and isinstance(loc[1], int):
        kind = _NAMES[loc[0]]
        return f"{kind}-{places[kind][loc[1]]}-{loc[2]}"
    return str(loc[0]) if loc else ""


# --- JSON API ---------------------------------------------------------------------------------------------------

Decimal = Annotated[str, StringConstraints(max_length=24)]


class OrderLineIn(BaseModel):
    """A line; numbers are decimal strings. `product` is a code or name, used when there is no `product_id`."""

    product_id: Picked | None = None
    product: Annotated[str, StringConstraints(max_length=200)] = ""
    text: Annotated[str, StringConstraints(max_length=300)] = ""
    quantity: Decimal = "1"
    list_price: Decimal = ""
    discount_percent: Decimal = ""
    price: Decimal = ""


class InstalmentIn(BaseModel):
    """An instalment: a share of the order in percent or an amount, payable some days after approval."""

    share_percent: Decimal = ""
    amount: Decimal = ""
    days: int = 0


class ShareIn(BaseModel):
    """What part of the order is one seller's sale, in percent; all together 100. `employee` is a name or number, used when
    there is no `employee_id`."""

    employee_id: Picked | None = None
    employee: Annotated[str, StringConstraints(max_length=200)] = ""
    percent: Decimal


class OrderIn(BaseModel):
    """An order as the JSON API takes it. Left empty, currency, terms and ship-to are the customer's."""

    customer_id: Picked
    currency: Annotated[str, StringConstraints(max_length=3)] = ""
    happened_on: Decimal
    required_on: Decimal = ""
    payment_terms_days: int | None = None
    discount_percent: Decimal = ""
    tax_percent: Decimal = ""
    lines: Annotated[list[OrderLineIn], Field(max_length=MOST_LINES)] = []
    instalments: Annotated[list[InstalmentIn], Field(max_length=MOST_PARTS)] = []
    shares: Annotated[list[ShareIn], Field(max_length=MOST_SHARES)] = []
    ship_to: Annotated[str, StringConstraints(max_length=300)] = ""
    customer_reference: Annotated[str, StringConstraints(max_length=80)] = ""
    notes: Annotated[str, StringConstraints(max_length=4000)] = ""
    custom: dict[str, str] = {}

    def typed(self) -> dict[str, str]:
        """The same as the boxes of the html form, so that both are read by one parser."""
        typed = {
            "customer_id": str(self.customer_id),
            "currency": self.currency,
            "happened_on": self.happened_on,
            "required_on": self.required_on,
            "payment_terms_days": "" if self.payment_terms_days is None else str(self.payment_terms_days),
            "discount": self.discount_percent,
            "tax": self.tax_percent,
            "ship_to": self.ship_to,
            "customer_reference": self.customer_reference,
            "notes": self.notes,
            **{f"custom_{key}": value for key, value in self.custom.items()},
        }
        for place, line in enumerate(self.lines):
            typed |= {
                f"line-{place}-product_id": str(line.product_id or ""),
                f"line-{place}-product_id_text": line.product,
                f"line-{place}-text": line.text,
                f"line-{place}-quantity": line.quantity,
                f"line-{place}-list_price": line.list_price,
                f"line-{place}-discount": line.discount_percent,
                f"line-{place}-price": line.price,
            }
        for place, part in enumerate(self.instalments):
            typed |= {
                f"part-{place}-share": part.share_percent,
                f"part-{place}-amount": part.amount,
                f"part-{place}-days": str(part.days),
            }
        for place, share in enumerate(self.shares):
            typed |= {
                f"share-{place}-employee_id": str(share.employee_id or ""),
                f"share-{place}-employee_id_text": share.employee,
                f"share-{place}-percent": share.percent,
            }
        return typed


def api_name(box: str) -> str:
    """What a box is called in the JSON API: line-0-discount is lines.0.discount_percent."""
    renamed = {
        "discount": "discount_percent",
        "share": "share_percent",
        "tax": "tax_percent",
        "product_id_text": "product",
        "employee_id_text": "employee",
    }
    if match := _ROW.match(box):
        kind = {"line": "lines", "part": "instalments", "share": "shares"}[match[1]]
        return f"{kind}.{match[2]}.{renamed.get(match[3], match[3])}"
    return renamed.get(box, box)
