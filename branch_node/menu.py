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
    MenuItem(N_("Quotes"), "/quotes", "quotation.view", in_more=True),
    MenuItem(N_("Approvals"), "/approvals", in_more=True),
    MenuItem(N_("Dunning"), "/dunning", "receivable.edit", in_more=True),
    MenuItem(N_("Receipts"), "/receipts", "receipt.view", in_more=True),
    MenuItem(N_("Expenses"), "/expenses", "expense.view", in_more=True),
    MenuItem(N_("Income and expense"), "/income", "figures.view", in_more=True),
    MenuItem(N_("Tasks"), "/tasks", "task.view", in_more=True),
    MenuItem(N_("Directives"), "/directives", "directive.view", in_more=True),
    MenuItem(N_("Feedback"), "/feedback", "feedback.view", in_more=True),
    MenuItem(N_("News"), "/news", "news.view", in_more=True),
    MenuItem(N_("Market notes"), "/intel", "intel.view", in_more=True),
    MenuItem(N_("Products"), "/products", "product.view", in_more=True),
    MenuItem(N_("Staff"), "/staff", "staff.view", in_more=True),
    MenuItem(N_("Outbox"), "/mail", "settings.edit", in_more=True),
    MenuItem(N_("Rules of selling"), "/settings/selling", "settings.edit", in_more=True),
    MenuItem(N_("Imports"), "/imports", "import.run", in_more=True),
    MenuItem(N_("Audit trail"), "/audit", "audit.view", in_more=True),
    MenuItem(N_("Replication"), "/sync", "sync.view", in_more=True),
)
