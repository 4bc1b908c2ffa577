"""Orders that two people sold together: now and then one in effect, shared between its owner and a colleague."""

from collections.abc import Sequence

from branch_node.orders.shares import credited
from branch_node.seeding.company import Company
from branch_node.seeding.sales import Deal
from branch_node.seeding.scene import Scene
from shared.records import OrderShare

ONE_IN = 20
ONE_IN_CANCELLED = 4
SPLITS_BP = (5_000, 6_000, 7_000, 8_000)


def share_orders(scene: Scene, company: Company, deals: Sequence[Deal]) -> None:
    """Add the shares, once it is known when each order was shipped or cancelled."""
    dice = scene.dice("shares")
    effective = [deal for deal in deals if deal.is_in_effect]
    cancelled = [deal for deal in effective if deal.row["cancelled_on"] is not None]
    chosen = {deal.id: deal for deal in [*effective[::ONE_IN], *cancelled[::ONE_IN_CANCELLED]]}
    for deal in chosen.values():
        owner = deal.row["owner_id"]
        others = [one.id for one in company.sellers(deal.row["happened_on"]) if one.id != owner]
        if not others:
            continue
        kept = dice.choice(SPLITS_BP)
        shares = [(owner, kept), (dice.choice(others), 10_000 - kept)]
        for columns in credited(deal.row, shares):
            scene.rows.add(OrderShare, deal.row["recorded_at"], deal.author.id, order_id=deal.id, **columns)
