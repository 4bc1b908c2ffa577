"""The main menu of a branch: what everybody needs first, the rest behind More."""

from shared.i18n import N_
from shared.web.site import MenuItem

MENU = (
    MenuItem(N_("My day"), "/", "plan.view", icon="list-check", key="d", on_phone=True),
    MenuItem(N_("Customers"), "/customers", "customer.view", icon="users", key="c", on_phone=True),
    MenuItem(N_("Follow-ups"), "/followups", "followup.view", icon="phone", key="u", on_phone=True),
    MenuItem(N_("Orders"), "/orders", "order.view", icon="file-text", key="o", on_phone=True),
    MenuItem(N_("Receivables"), "/receivables", "receivable.view", icon="cash", key="r"),
    MenuItem(N_("Team"), "/team", "plan.assign", icon="users", key="t"),
    MenuItem(N_("Opportunities"), "/opportunities", "opportunity.view", icon="target", key="p", in_more=True),
    MenuItem(N_("Quotes"), "/quotes", "quotation.view", icon="file-text", in_more=True),
    MenuItem(N_("Approvals"), "/approvals", icon="circle-check", in_more=True),
    MenuItem(N_("Dunning"), "/dunning", "receivable.edit", icon="bell", in_more=True),
    MenuItem(N_("Receipts"), "/receipts", "receipt.view", icon="cash", in_more=True),
    MenuItem(N_("Expenses"), "/expenses", "expense.view", icon="report-money", in_more=True),
    MenuItem(N_("Income and expense"), "/income", "figures.view", icon="trending-up", in_more=True),
    MenuItem(N_("Tasks"), "/tasks", "task.view", in_more=True),
    MenuItem(N_("Directives"), "/directives", "directive.view", icon="send", in_more=True),
    MenuItem(N_("Feedback"), "/feedback", "feedback.view", icon="message", in_more=True),
    MenuItem(N_("News"), "/news", "news.view", icon="news", in_more=True),
    MenuItem(N_("Market notes"), "/intel", "intel.view", icon="eye", in_more=True),
    MenuItem(N_("Products"), "/products", "product.view", icon="building-store", in_more=True),
    MenuItem(N_("Staff"), "/staff", "staff.view", icon="user", in_more=True),
    MenuItem(N_("Outbox"), "/mail", "settings.edit", icon="mail", in_more=True),
    MenuItem(N_("Rules of selling"), "/settings/selling", "settings.edit", icon="settings", in_more=True),
    MenuItem(N_("Imports"), "/imports", "import.run", icon="upload", in_more=True),
    MenuItem(N_("Audit trail"), "/audit", "audit.view", icon="history", in_more=True),
    MenuItem(N_("Replication"), "/sync", "sync.view", icon="refresh", in_more=True),
)
