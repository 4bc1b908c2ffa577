"""An amount that cannot be read is told together with everything else that is wrong with a form."""

from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

import branch_node
from branch_node.dunning.forms import PromiseForm
from branch_node.expenses.forms import ExpenseForm
from branch_node.opportunities.forms import OpportunityForm
from branch_node.orders.forms import OrderForm, parse_document
from branch_node.policies.forms import RuleForm
from branch_node.products.forms import PriceForm, ProductForm
from branch_node.quotations.forms import QuotationForm
from branch_node.receipts.forms import ReceiptForm
from branch_node.receivables.forms import AdjustmentForm
from shared.i18n import use_locale
from shared.web.forms import FormModel, parse

AMOUNTS = {"amount", "price", "list_price", "cost"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with use_locale("en"):
        yield


def forms_of_the_branch() -> list[type[FormModel]]:
    root = Path(branch_node.__file__).parent
    for path in sorted(root.glob("*/forms.py")):
        import_module(f"branch_node.{path.parent.name}.forms")
    found, waiting = [], [FormModel]
    while waiting:
        below = waiting.pop().__subclasses__()
        found += [one for one in below if one.__module__.startswith("branch_node.")]
        waiting += below
    return found


def test_every_form_of_the_branch_tells_what_is_no_amount_itself() -> None:
    asked = [(form, name) for form in forms_of_the_branch() for name in AMOUNTS & set(form.model_fields)]
    assert len(asked) >= 10
    for form, name in asked:
        assert name in parse({name: "a lot"}, form).errors, (form, name)


@pytest.mark.parametrize(
    ("form", "typed", "wrong"),
    [
        (ReceiptForm, {"amount": "12,3", "happened_on": "31-31"}, {"customer_id", "amount", "happened_on"}),
        (ExpenseForm, {"category": "travel", "amount": "1.234", "currency": "CNY", "description": "x"}, {"amount", "happened_on"}),
        (ExpenseForm, {"category": "travel", "amount": "5 apples", "currency": "XXX", "happened_on": "today"}, {"amount", "currency", "description"}),
        (OpportunityForm, {"title": "x", "amount": "-1", "probability_percent": "101"}, {"customer_id", "amount", "probability_percent"}),
        (OpportunityForm, {"title": "x", "amount": "abc", "currency": "QQQ"}, {"customer_id", "amount", "currency"}),
        (AdjustmentForm, {"kind": "credit", "amount": "0", "happened_on": "today"}, {"amount", "reason"}),
        (PromiseForm, {"amount": "soon", "promised_on": "31-31"}, {"amount", "promised_on"}),
        (ProductForm, {"name": "x", "currency": "JPY", "list_price": "1.5", "cost": "x"}, {"code", "list_price", "cost"}),
        (PriceForm, {"currency": "CNY", "price": "free"}, {"price", "from_on"}),
        (RuleForm, {"name": "x", "when": "amount", "threshold": "much"}, {"name", "threshold", "role_code"}),
        (RuleForm, {"when": "discount", "role_code": "finance"}, {"name", "threshold"}),
    ],
)  # fmt: skip
def test_all_faults_of_a_form_are_told_at_once(
    form: type[FormModel], typed: dict[str, str], wrong: set[str]
) -> None:
    assert set(parse(typed, form).errors) == wrong


@pytest.mark.parametrize("form", [OrderForm, QuotationForm])
def test_prices_of_lines_are_told_with_the_head(form: type[FormModel]) -> None:
    typed = {"happened_on": "31-31", "line-0-text": "a", "line-0-price": "abc", "line-2-list_price": "-5"}
    wrong = parse_document(typed, form).errors
    assert set(wrong) == {"customer_id", "happened_on", "line-0-price", "line-2-list_price"}
    assert wrong["line-0-price"] == '"abc" is not an amount. Write it like 1,234.50.'
    assert wrong["line-2-list_price"] == "An amount cannot be less than 0."


def test_the_currency_of_the_record_counts_unless_the_form_names_another() -> None:
    typed = {"amount": "1.50", "happened_on": "today"}
    assert set(parse(typed, ReceiptForm, currency="JPY").errors) == {"customer_id", "amount"}
    assert set(parse({**typed, "currency": "EUR"}, ReceiptForm, currency="JPY").errors) == {"customer_id"}
    assert set(parse(typed, ReceiptForm).errors) == {"customer_id"}
    head = {"happened_on": "today", "line-0-text": "a", "line-0-price": "1.50"}
    assert set(parse_document(head, OrderForm, agreed="JPY").errors) == {"customer_id", "line-0-price"}
    assert set(parse_document(head, OrderForm, agreed="CNY").errors) == {"customer_id"}
