"""The main menu of headquarters."""

from shared.i18n import N_
from shared.web.site import MenuItem

MENU = (
    MenuItem(N_("Overview"), "/", "figures.view", "home", "o", on_phone=True),
    MenuItem(N_("Compare"), "/compare", "figures.view", "columns", "c"),
    MenuItem(N_("Receivables"), "/receivables", "receivable.view", "cash", "r", on_phone=True),
    MenuItem(N_("Targets"), "/targets", "target.view", "target", "t", on_phone=True),
    MenuItem(N_("Profit"), "/profit", "figures.view", "trending-up", "p"),
    MenuItem(N_("Staff"), "/staff", "plan.view", "users", "s", on_phone=True),
    MenuItem(N_("Sales"), "/sales", "figures.view", "report-money", "l"),
    MenuItem(N_("Customers"), "/customers", "customer.view", "building-store", "k", in_more=True),
    MenuItem(N_("Pipeline"), "/pipeline", "opportunity.view", "trending-up", in_more=True),
    MenuItem(N_("Warnings"), "/warnings", "figures.view", "alert-triangle", "w", in_more=True),
    MenuItem(N_("Directives"), "/directives", "directive.view", "send", "d", in_more=True),
    MenuItem(N_("Feedback"), "/feedback", "feedback.view", "message", "f", in_more=True),
    MenuItem(N_("News"), "/news", "news.view", "news", "n", in_more=True),
    MenuItem(N_("Branches"), "/branches", "figures.view", "server", "b", in_more=True),
    MenuItem(N_("Day close"), "/day-close", "figures.view", "shield", in_more=True),
    MenuItem(N_("Replication"), "/sync", "sync.view", "refresh", in_more=True),
    MenuItem(N_("Exchange rates"), "/rates", "figures.view", "refresh", in_more=True),
    MenuItem(N_("Reports"), "/reports", "figures.view", "mail", in_more=True),
    MenuItem(N_("Rows as files"), "/exports", "figures.view", "download", in_more=True),
    MenuItem(N_("Shared links"), "/shares", "figures.view", "link", in_more=True),
    MenuItem(N_("Users"), "/people", "role.view", "user", in_more=True),
    MenuItem(N_("Audit trail"), "/audit", "audit.view", "history", in_more=True),
)
