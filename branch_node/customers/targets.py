"""Finding target customers: who they are, what they bought, what they have not, and own fields; one condition each.

The conditions join those of the list, so that list, count, export, saved view and page agree.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from branch_node.customers.forms import FilterForm
from branch_node.home import today
from branch_node.lists import like
from branch_node.opportunities.rules import OPEN_STAGES
from branch_node.own_fields import asked_custom, custom_clauses
from branch_node.searching import plain
from shared.periods import add_months
from shared.records import CustomFieldDef

ORDERED = (
    "approved_on IS NOT NULL AND status IN ('approved', 'executing', 'completed') AND deleted_at IS NULL"
)


def with_custom(
    filters: FilterForm, query: Mapping[str, str], definitions: Sequence[CustomFieldDef]
) -> FilterForm:
    """The filters with what the address says about own fields that are in use; others are passed over."""
    custom = asked_custom(query, definitions)
    return filters.model_copy(update={"custom": custom}) if custom else filters


def clauses(filters: FilterForm, params: dict[str, Any]) -> list[str]:
    """The conditions on `c` that the filters ask for; their parameters are added to `params`."""
    found = _texts(filters, params)
    if filters.unordered_days is not None:
        params["ordered_since"] = today() - timedelta(days=filters.unordered_days)
        found.append(
            "NOT EXISTS (SELECT 1 FROM sales_order o WHERE o.customer_id = c.id "
            f"AND o.approved_on >= :ordered_since AND o.{ORDERED.replace(' AND ', ' AND o.')})"
        )
    if filters.ordered_from is not None:
        params |= {"year_ago": add_months(today(), -12), "ordered_from": filters.ordered_from}
        found.append(
            f"c.id IN (SELECT customer_id FROM sales_order WHERE approved_on >= :year_ago AND {ORDERED} "
            "GROUP BY customer_id HAVING sum(base_minor) >= :ordered_from)"
        )
    if filters.bought:
        params["bought"] = like(plain(filters.bought))
        found.append(
            "c.id IN (SELECT o.customer_id FROM order_line l JOIN sales_order o ON o.id = l.order_id "
            "WHERE l.deleted_at IS NULL AND o.deleted_at IS NULL AND o.status IN ('approved', 'executing', 'completed') "
            "AND (lower(l.product_code) LIKE :bought ESCAPE '!' OR lower(l.text) LIKE :bought ESCAPE '!'))"
        )
    if filters.opportunity:
        params["open_stages"] = list(OPEN_STAGES)
        found.append(
            "c.id IN (SELECT customer_id FROM opportunity WHERE stage IN :open_stages AND deleted_at IS NULL)"
        )
    return found


def _texts(filters: FilterForm, params: dict[str, Any]) -> list[str]:
    found = []
    for name in ("industry", "source", "city"):
        if value := getattr(filters, name):
            found.append(f"lower(c.{name}) LIKE :{name} ESCAPE '!'")
            params[name] = like(plain(value))
    return found + custom_clauses(filters.custom, "c.custom", params)
