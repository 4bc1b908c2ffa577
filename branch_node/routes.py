"""All routes of a branch site: the ROUTES of each feature, one after the other."""

from importlib import import_module
from importlib.util import find_spec

from shared.web.routing import Route

FEATURES = (
    "plans", "customers", "merges", "vcards", "calendar", "followups", "tasks", "feedback", "intelligence",
    "opportunities", "products", "quotations", "orders",
    "approvals", "receivables", "dunning", "receipts", "expenses", "income", "directives", "news", "targets", "imports",
    "figures", "staff", "histories", "trail", "undoing", "notifications", "policies", "mail", "attachments", "printing", "sync",
)  # fmt: skip


def routes_of(feature: str) -> list[Route]:
    """The routes of one feature folder; none when it has no routes.py."""
    name = f"branch_node.{feature}.routes"
    if find_spec(f"branch_node.{feature}") is None or find_spec(name) is None:
        return []
    found: list[Route] = import_module(name).ROUTES
    return found


def all_routes() -> list[Route]:
    """The routes of every feature, one after the other."""
    return [route for feature in FEATURES for route in routes_of(feature)]
