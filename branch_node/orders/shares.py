"""Several sellers of one order: their shares, which are all of it, and what each is credited with.

An order stands in one person's name, who looks after it and its money. Shares say whose sale it was: they move sold
amounts from that person to the others in the figures of shared/figures.py, and never change a total.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.lists import as_kind
from branch_node.orders.forms import ShareForm
from branch_node.orders.rules import FULL
from shared import clock
from shared.database import fetch_all, fetch_value, find_all
from shared.errors import Invalid, Text
from shared.i18n import N_
from shared.money import split
from shared.records import Order, OrderShare
from shared.web.filters import plain_percent

Share = tuple[UUID, int]
"""Who, and how much of the order in basis points."""


async def shares_of(order_id: UUID) -> list[OrderShare]:
    """The shares of an order; empty when it is one seller's."""
    condition = "order_id = :id AND deleted_at IS NULL ORDER BY position, id"
    return await find_all(OrderShare, condition, id=order_id)


def check_shares(shares: Sequence[Share]) -> None:
    """No shares, or shares above 0 of different people that make 10,000. Invalid, saying what they make, otherwise."""
    made = sum(share for _, share in shares)
    if shares and (made != FULL or any(share <= 0 for _, share in shares)):
        message = N_("The shares make %(made)s %%. Together they must make 100 %%.")
        raise Invalid(fields={"shares": Text(message, made=plain_percent(made))})
    if len({who for who, _ in shares}) != len(shares):
        raise Invalid(fields={"shares": N_("Name each seller once.")})


def credited(order: Mapping[str, Any], shares: Sequence[Share]) -> list[dict[str, Any]]:
    """The columns of each share by the columns of its order: amounts and days once the order is in effect."""
    if not shares:
        return []
    weights = [share for _, share in shares]
    counts = order["approved_on"] is not None
    amounts = split(order["total_minor"] if counts else 0, weights)
    bases = split(order["base_minor"] if counts else 0, weights)
    same = {
        name: order[name] for name in ("customer_id", "owner_id", "department_id", "currency", "approved_on")
    }
    same |= {name: order[name] if counts else None for name in ("shipped_on", "cancelled_on")}
    return [
        {
            **same,
            "position": position,
            "employee_id": who,
            "share_bp": share,
            "amount_minor": amount,
            "base_minor": base,
        }
        for position, ((who, share), amount, base) in enumerate(zip(shares, amounts, bases, strict=True), 1)
    ]


async def read_shares(typed: Sequence[ShareForm]) -> list[Share]:
    """Typed shares, sellers by id or by name. Invalid, at its box, for somebody who does not work here."""
    if not typed:
        return []
    staff = await fetch_all(
        "SELECT id, name, number FROM employee WHERE branch = :branch AND active = :yes AND deleted_at IS NULL",
        branch=home().code,
        yes=True,
    )
    ids = {as_kind(row["id"], UUID) for row in staff}
    names: dict[str, list[UUID]] = {}
    for row in staff:
        for name in {row["name"].casefold(), row["number"].casefold()}:
            names.setdefault(name, []).append(as_kind(row["id"], UUID))
    found: list[Share] = []
    for place, one in enumerate(typed):
        meant = names.get(one.employee_id_text.strip().casefold(), [])
        who = one.employee_id or (meant[0] if len(meant) == 1 else None)
        if who is None or who not in ids:
            box = f"share-{place if one.place is None else one.place}-employee_id"
            raise Invalid(fields={box: N_("Choose somebody who works here.")})
        found.append((who, one.percent))
    check_shares(found)
    return found


async def write_shares(order: Order, shares: Sequence[Share]) -> None:
    """Make these the shares of a stored order: changed rows in place, further ones new, surplus ones deleted softly."""
    await _store(order, await shares_of(order.id), shares)


async def follow_order(order: Order) -> None:
    """Credit the sellers with the order as it stands now; to be called whenever it came into effect, left it or moved on."""
    if rows := await shares_of(order.id):
        await _store(order, rows, [(row.employee_id, row.share_bp) for row in rows])


async def _store(order: Order, rows: Sequence[OrderShare], shares: Sequence[Share]) -> None:
    wanted = credited(columns_of(order), shares)
    for row, columns in zip(rows, wanted, strict=False):
        if any(getattr(row, name) != value for name, value in columns.items()):
            row.update_from_dict(columns)
            await row.save()
    for columns in wanted[len(rows) :]:
        await OrderShare.create(branch=order.branch, order_id=order.id, **columns)
    for row in rows[len(wanted) :]:
        row.deleted_at = clock.now()
        await row.save()


ORDER_COLUMNS = (
    "customer_id", "owner_id", "department_id", "currency", "total_minor", "base_minor", "approved_on", "shipped_on",
    "cancelled_on",
)  # fmt: skip


def columns_of(order: Order) -> dict[str, Any]:
    """What `credited` reads of an order."""
    return {name: getattr(order, name) for name in ORDER_COLUMNS}


# --- in lists of orders `o` -------------------------------------------------------------------------------------


def of_sellers_sql(sellers: str) -> str:
    """The orders of which one of the employees in parameter `sellers` has a share."""
    return f"o.id IN (SELECT s.order_id FROM order_share s WHERE s.employee_id IN :{sellers} AND s.deleted_at IS NULL)"


def sold_by_sql(sellers: str) -> str:
    """What of an order is the sale of the employees in parameter `sellers`, in the base currency."""
    return (
        f"COALESCE((SELECT SUM(CASE WHEN s.employee_id IN :{sellers} THEN s.base_minor ELSE 0 END) FROM order_share s "
        f"WHERE s.order_id = o.id AND s.deleted_at IS NULL), "
        f"CASE WHEN o.owner_id IN :{sellers} THEN o.base_minor ELSE 0 END)"
    )


async def have_shares(sellers: Collection[UUID]) -> bool:
    """Whether one of these employees has a share of any order."""
    found = await fetch_value(
        "SELECT 1 AS one FROM order_share WHERE employee_id IN :sellers AND deleted_at IS NULL LIMIT 1",
        sellers=sorted(sellers),
    )
    return found is not None


async def has_share_of(order_id: UUID, sellers: Collection[UUID]) -> bool:
    """Whether one of these employees has a share of the order."""
    return any(row.employee_id in sellers for row in await shares_of(order_id))
