"""Who sold how much of an order that several sellers share, as lists and files of both sites say it."""

from collections.abc import Collection, Iterable
from typing import Any

from shared.database import fetch_all
from shared.i18n import gettext
from shared.web.filters import plain_percent

Split = list[tuple[str, int]]
"""Names with their shares in basis points, in the order of the sellers."""


async def splits_of(orders: Collection[Any]) -> dict[str, Split]:
    """The sellers of those of the orders that several share, by the order's id as text. One query."""
    rows = await fetch_all(
        "SELECT s.order_id, e.name, s.share_bp FROM order_share s JOIN employee e ON e.id = s.employee_id "
        "WHERE s.order_id IN :orders AND s.deleted_at IS NULL ORDER BY s.order_id, s.position, s.id",
        orders=list(orders),
    )
    found: dict[str, Split] = {}
    for row in rows:
        found.setdefault(str(row["order_id"]), []).append((row["name"], int(row["share_bp"])))
    return found


def split_text(split: Iterable[tuple[str, int]]) -> str:
    """Lin 70%; Sun 30%. Empty for an order of one seller."""
    return gettext("; ").join(f"{name} {plain_percent(share)}%" for name, share in split)
