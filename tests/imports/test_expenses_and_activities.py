"""Expenses count from their approval, and activities set the days of contact."""

from datetime import date
from pathlib import Path

import pytest

from shared.records import (
    Customer,
    Employee,
    Expense,
)
from tests.imports.company import undo
from tests.imports.folders import bring_in, counts, reasons, write
from tests.support.cast import LIN, customer_of, hire

pytestmark = pytest.mark.usefixtures("database", "english")


async def test_expenses_count_from_approval(tmp_path: Path) -> None:
    toml = """
name = "books"
[formats]
decimal = ","
currency = "CNY"
[files]
e = { path = "e.csv" }
[[records]]
record = "expense"
file = "e"
[records.fields]
number = "No"
owner = "Who"
category = "Kind"
happened_on = "Day"
amount = "Amount"
status = { column = "State", values = { bezahlt = "paid", offen = "submitted" } }
"""
    await hire(LIN)
    lin = await Employee.get(id=LIN.id)
    rows = f"No;Who;Kind;Day;Amount;State\n1;{lin.number};travel;2026-02-01;1.234,50;bezahlt\n2;;rent;2026-02-02;5;offen\n3;;rent;2026-02-02;-5;offen\n4;;rent;2026-02-02;5;neu\n"
    outcome = await bring_in(toml, write(tmp_path, e_csv=rows))
    assert counts(outcome) == (2, 0, 0, 2)
    paid, waiting = await Expense.get(number="1"), await Expense.get(number="2")
    assert (paid.amount_minor, paid.base_minor, paid.owner_id, paid.department_id) == (
        123_450,
        123_450,
        LIN.id,
        LIN.department_id,
    )
    assert (paid.status, paid.approved_on, paid.paid_on) == ("paid", date(2026, 2, 1), date(2026, 2, 1))
    assert (waiting.status, waiting.approved_on) == ("submitted", None)
    assert reasons(outcome) == [
        "An amount must be more than 0.",
        '"neu" has no meaning in records[1].fields.status.values. Add it there.',
    ]


async def test_activities_set_the_days_of_contact(tmp_path: Path) -> None:
    toml = """
name = "crm"
[files]
a = { path = "a.csv" }
[[records]]
record = "activity"
file = "a"
key = ["No"]
[records.fields]
customer = "Customer"
kind = "Kind"
subject = "Text"
happened_on = "Day"
planned_on = "Plan"
next_on = "Next"
"""
    await hire(LIN)
    await customer_of(LIN, code="A", last_contact_on=date(2026, 1, 1), next_contact_on=date(2026, 1, 20))
    rows = "No,Customer,Kind,Text,Day,Plan,Next\n1,A,call,x,2026-02-01,,2026-03-01\n2,A,visit,y,2026-01-15,,2026-02-15\n3,A,call,z,,2026-02-20,\n4,A,call,w,,,\n"
    outcome = await bring_in(toml, write(tmp_path, a_csv=rows))
    assert counts(outcome) == (3, 0, 0, 1)
    customer = await Customer.get(code="A")
    assert (customer.last_contact_on, customer.next_contact_on) == (date(2026, 2, 1), date(2026, 2, 20))
    await undo(outcome.account)
    customer = await Customer.get(code="A")
    assert (customer.last_contact_on, customer.next_contact_on) == (date(2026, 1, 1), date(2026, 1, 20))
