"""All routes of a branch site: the ROUTES of each feature, one after the other."""

from importlib import import_module
from importlib.util import find_spec

from shared.web.routing import Route

FEATURES = (
    "plans", "customers", "merges", "followups", "tasks", "feedback", "intelligence",
    "opportunities", "products", "quotations", "orders",
    "approvals", "receivables", "receipts", "expenses", "income", "directives", "news", "targets", "imports", "figures",
    "staff", "replication",
)  # fmt: skip


def all_routes() -> list[Route]:
    """The routes of every feature folder that has a routes.py."""
    found: list[Route] = []
    for feature in FEATURES:
        name = f"branch_node.{feature}.routes"
        if find_spec(f"branch_node.{feature}") is not None and find_spec(name) is not None:
            found.extend(import_module(name).ROUTES)
    return found
