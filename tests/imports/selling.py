"""The files of a company that sells: a mapping of customers, orders, lines, instalments and receipts, and rows for them."""

from typing import Any

SALES = """
name = "erp"
[formats]
currency = "%(currency)s"
[files]
customers = { path = "customers.csv" }
orders = { path = "orders.csv" }
lines = { path = "lines.csv", optional = true }
parts = { path = "parts.csv", optional = true }
receipts = { path = "receipts.csv", optional = true }
[[records]]
record = "customer"
file = "customers"
[records.fields]
code = "No"
name = "Name"
acquired_on = "Since"
[[records]]
record = "order"
file = "orders"
[records.fields]
number = "No"
customer = "Customer"
happened_on = "Day"
status = "Status"
currency = "Currency"
rate = "Rate"
total = "Total"
shipped_on = "Shipped"
cancelled_on = "Cancelled"
discount = "Discount"
tax = "Tax"
%(instalments)s
%(lines)s
%(receipts)s
"""
LINES = """
[records.lines]
file = "lines"
on = { Order = "No" }
[records.lines.fields]
text = "Text"
quantity = "Quantity"
price = "Price"
list_price = "List"
"""
RECEIPTS = """
[[records]]
record = "receipt"
file = "receipts"
key = ["No"]
allocate = "%s"
[records.fields]
reference = "No"
customer = "Customer"
happened_on = "Day"
amount = "Amount"
order = "Order"
"""
CUSTOMER_ROWS = "No,Name,Since\nA,Acme,2026-03-01\nB,Beta,\n"
ORDER_HEAD = "No,Customer,Day,Status,Currency,Rate,Total,Shipped,Cancelled,Discount,Tax\n"


def sales(
    instalments: str = "[records.instalments]\ndays = 30",
    lines: str = "",
    receipts: str = "",
    currency: str = "CNY",
) -> str:
    return SALES % {"instalments": instalments, "lines": lines, "receipts": receipts, "currency": currency}


def order_rows(*rows: dict[str, Any]) -> str:
    names = ORDER_HEAD.strip().split(",")
    return ORDER_HEAD + "".join(",".join(str(row.get(name, "")) for name in names) + "\n" for row in rows)


ORDER = {"No": "1", "Customer": "A", "Day": "2026-02-10", "Status": "approved", "Total": "1000.00"}
RECEIPT_HEAD = "No,Customer,Day,Amount,Order\n"
