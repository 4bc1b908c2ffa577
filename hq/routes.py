"""All routes of headquarters: one list per feature."""

from dataclasses import replace

from hq.activity import handlers as activity
from hq.api import handlers as api
from hq.api.forms import FigureModel, FigureQuery
from hq.audit import handlers as audit
from hq.branches import handlers as branches
from hq.compare import handlers as compare
from hq.customers import handlers as customers
from hq.dashboard import handlers as dashboard
from hq.dayclose import handlers as dayclose
from hq.definitions import handlers as definitions
from hq.directives import drafts
from hq.directives import handlers as directives
from hq.directives.rules import MAX_FILE_BYTES
from hq.exports import handlers as exports
from hq.feedback import handlers as feedback
from hq.late import handlers as late
from hq.news import handlers as news
from hq.papers import handlers as papers
from hq.papers.views import VIEWS
from hq.people import handlers as people
from hq.pipeline import handlers as pipeline
from hq.profit import handlers as profit
from hq.quarantine import handlers as quarantine
from hq.rates import handlers as rates
from hq.receivables import debtors
from hq.receivables import handlers as receivables
from hq.reports import handlers as reports
from hq.sales import handlers as sales
from hq.shares import handlers as shares
from hq.sync import found
from hq.sync import handlers as sync
from hq.targets import cascade, editing
from hq.targets import handlers as targets
from hq.targets.sheet import BYTES_MOST
from hq.warnings import handlers as warnings
from shared.web.routing import PUBLIC, ApiDoc, Route

DASHBOARD = [
    Route("GET", "/", dashboard.show, "figures.view"),
    Route("GET", "/live/overview", dashboard.stream, "figures.view"),
]
FEEDBACK = [Route("GET", "/feedback", feedback.show, "feedback.view")]
SALES = [Route("GET", "/sales", sales.show, "figures.view")]
PEOPLE = [
    Route("GET", "/people", people.show, "role.view"),
    Route("GET", "/people/new", people.new, "role.edit"),
    Route("POST", "/people/new", people.create, "role.edit"),
    Route("GET", "/people/{id}", people.edit, "role.edit"),
    Route("POST", "/people/{id}", people.save, "role.edit"),
    Route("POST", "/people/{id}/password", people.save_password, "role.edit"),
    Route("POST", "/people/{id}/company/unlink", people.unlink_company, "role.edit"),
    Route("POST", "/people/{id}/company/allow", people.allow_company, "role.edit"),
    Route("GET", "/people/{id}/lock", people.ask_lock, "role.edit"),
    Route("POST", "/people/{id}/lock", people.lock, "role.edit"),
    Route("POST", "/people/{id}/unlock", people.unlock, "role.edit"),
]
RECEIVABLES = [
    Route("GET", "/receivables", receivables.show, "receivable.view"),
    Route("GET", "/receivables/receipts", receivables.receipts, "receipt.view"),
    Route("GET", "/receivables/debtors", debtors.show, "receivable.view"),
    Route("GET", "/receivables/{id}", receivables.entries, "receivable.view"),
]
PROFIT = [Route("GET", "/profit", profit.show, "figures.view")]
COMPARE = [Route("GET", "/compare", compare.show, "figures.view")]
BRANCHES = [
    Route("GET", "/branches", branches.show, "figures.view"),
    Route("GET", "/branches/{code}", branches.show_one, "figures.view"),
    Route("GET", "/live/branches/{code}", branches.stream, "figures.view"),
]
TARGETS = [
    Route("GET", "/targets", targets.show, "target.view"),
    Route("GET", "/targets/edit", editing.edit, "target.edit"),
    Route("POST", "/targets/edit", editing.save, "target.edit"),
    Route("GET", "/targets/cascade", cascade.show, "target.edit"),
    Route("POST", "/targets/cascade", cascade.save, "target.edit"),
    Route("GET", "/targets/import", cascade.ask_import, "target.edit"),
    Route(
        "POST", "/targets/import", cascade.take_import, "target.edit", body_limit_bytes=BYTES_MOST + 200_000
    ),
]
STAFF = [
    Route("GET", "/staff", activity.show, "plan.view"),
    Route("GET", "/staff/{id}", activity.show_person, "plan.view"),
    Route("GET", "/live/staff", activity.stream, "plan.view"),
]
CUSTOMERS = [
    Route("GET", "/customers", customers.show, "customer.view"),
    Route("GET", "/customers/{id}", customers.show_one, "customer.view"),
]
PIPELINE = [Route("GET", "/pipeline", pipeline.show, "opportunity.view")]
NEWS = [
    Route("GET", "/news", news.show, "news.view"),
    Route("POST", "/news", news.save, "news.edit"),
    Route("GET", "/news/feeds", news.feeds, "news.edit"),
    Route("POST", "/news/feeds", news.save_feed, "news.edit"),
    Route("POST", "/news/feeds/{id}/remove", news.drop_feed, "news.edit"),
    Route("POST", "/news/feeds/items/{id}/share", news.share_feed_item, "news.edit"),
    Route("POST", "/news/{id}/share", news.share, "news.edit"),
    Route("POST", "/news/{id}/take-back", news.take_back, "news.edit"),
]
WARNINGS = [
    Route("GET", "/warnings", warnings.show, "figures.view"),
    Route("POST", "/warnings/{id}/acknowledge", warnings.acknowledge, "figures.view"),
    Route("POST", "/warnings/{id}/assign", warnings.assign, "figures.view"),
    Route("POST", "/warnings/{id}/false-alarm", warnings.false_alarm, "figures.view"),
]
DIRECTIVES = [
    Route("GET", "/directives", directives.show, "directive.view"),
    Route("GET", "/directives/new", drafts.new, "directive.issue"),
    Route(
        "POST",
        "/directives/new",
        drafts.create,
        "directive.issue",
        body_limit_bytes=MAX_FILE_BYTES + 200_000,
    ),
    Route("GET", "/directives/recipients", drafts.recipients, "directive.issue"),
    Route("GET", "/directives/{id}", directives.show_one, "directive.view"),
    Route(
        "POST",
        "/directives/{id}",
        drafts.save,
        "directive.issue",
        body_limit_bytes=MAX_FILE_BYTES + 200_000,
    ),
    Route("POST", "/directives/{id}/add", drafts.add_unit, "directive.issue"),
    Route("POST", "/directives/{id}/remove", drafts.remove_unit, "directive.issue"),
    Route("GET", "/directives/{id}/files/{file_id}", directives.download, "directive.view"),
    Route("POST", "/directives/{id}/files/{file_id}/remove", drafts.detach, "directive.issue"),
    Route("GET", "/directives/{id}/issue", directives.ask_issue, "directive.issue"),
    Route("POST", "/directives/{id}/issue", directives.issue, "directive.issue"),
    Route("POST", "/directives/{id}/remind", directives.remind, "directive.issue"),
    Route("GET", "/directives/{id}/withdraw", directives.ask_withdraw, "directive.issue"),
    Route("POST", "/directives/{id}/withdraw", directives.withdraw, "directive.issue"),
    Route("POST", "/directives/{id}/drop", directives.drop, "directive.issue"),
    Route("GET", "/live/directives/{id}", directives.stream, "directive.view"),
]
LATE = [Route("GET", "/late", late.show, "figures.view")]
DAY_CLOSE = [
    Route("GET", "/day-close", dayclose.show, "figures.view"),
    Route("GET", "/day-close/{code}", dayclose.show_branch, "figures.view"),
    Route("GET", "/day-close/{code}/{ledger}", dayclose.show_rows, "figures.view"),
]
DEFINITIONS = [Route("GET", "/definitions", definitions.show, "figures.view")]
AUDIT = [Route("GET", "/audit", audit.show, "audit.view", is_heavy=True)]
REPORTS = [
    Route("GET", "/reports", reports.show, "figures.view"),
    Route("GET", "/reports/new", reports.new, "figures.view"),
    Route("POST", "/reports/new", reports.create, "figures.view"),
    Route("GET", "/reports/{id}", reports.edit, "figures.view"),
    Route("POST", "/reports/{id}", reports.save, "figures.view"),
    Route("POST", "/reports/{id}/run", reports.run_now, "figures.view"),
    Route("POST", "/reports/{id}/stop", reports.stop, "figures.view"),
    Route("POST", "/reports/{id}/resume", reports.resume, "figures.view"),
]
EXPORTS = [
    Route("GET", "/exports", exports.show, "figures.view"),
    Route("POST", "/exports", exports.create, "figures.view"),
    Route("GET", "/exports/{id}", exports.show_one, "figures.view"),
    Route("GET", "/exports/{id}/file", exports.download, "figures.view"),
]
SHARES = [
    Route("GET", "/shares", shares.show, "figures.view"),
    Route("GET", "/shares/new", shares.new, "figures.view"),
    Route("POST", "/shares/new", shares.create, "figures.view"),
    Route("POST", "/shares/{id}/revoke", shares.revoke, "figures.view"),
    Route("GET", "/shared/{token}", shares.open_link, PUBLIC),
]
RATES = [
    Route("GET", "/rates", rates.show, "figures.view"),
    Route("POST", "/rates", rates.save, "settings.edit"),
]
QUARANTINE = [
    Route("GET", "/quarantine", quarantine.show, "sync.view"),
    Route("GET", "/quarantine/{id}", quarantine.show_one, "sync.view"),
    Route("POST", "/quarantine/{id}/retry", quarantine.retry, "settings.edit"),
    Route("GET", "/quarantine/{id}/dismiss", quarantine.ask_dismiss, "settings.edit"),
    Route("POST", "/quarantine/{id}/dismiss", quarantine.dismiss, "settings.edit"),
    Route("GET", "/quarantine/{id}/mend", quarantine.ask_mend, "settings.edit"),
    Route("POST", "/quarantine/{id}/mend", quarantine.mend, "settings.edit"),
]
SYNC = [
    Route("GET", "/sync", sync.show, "sync.view"),
    Route("GET", "/live/sync", sync.stream, "sync.view"),
    Route("GET", "/sync/{code}", sync.show_one, "sync.view"),
    Route("GET", "/live/sync/{code}", sync.stream_one, "sync.view"),
    Route("GET", "/sync/{code}/rows/{id}", found.show, "sync.view"),
    Route("GET", "/sync/{code}/{verb}", sync.ask, "settings.edit"),
    Route("POST", "/sync/{code}/{verb}", sync.act, "settings.edit"),
]
API = [
    Route(
        "GET", "/api/v1/figures", api.names, "figures.view", ApiDoc("The names and titles of the figures.")
    ),
    Route(
        "GET",
        "/api/v1/figures/{name}",
        api.show,
        "figures.view",
        ApiDoc(
            "One figure: per branch, with watermarks and completeness.",
            query=FigureQuery,
            response=FigureModel,
            errors=(404, 422),
            media_types=(
                "application/json",
                "text/csv",
                "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            ),
        ),
    ),
]


def pages() -> list[Route]:
    """Every route but the PDF of views, in the order of the menu."""
    return [
        *DASHBOARD,
        *COMPARE,
        *RECEIVABLES,
        *TARGETS,
        *PROFIT,
        *STAFF,
        *SALES,
        *FEEDBACK,
        *CUSTOMERS,
        *PIPELINE,
        *NEWS,
        *WARNINGS,
        *DIRECTIVES,
        *BRANCHES,
        *LATE,
        *DAY_CLOSE,
        *SYNC,
        *QUARANTINE,
        *REPORTS,
        *EXPORTS,
        *SHARES,
        *RATES,
        *PEOPLE,
        *AUDIT,
        *DEFINITIONS,
        *API,
    ]


def views() -> list[Route]:
    """The pages that may be taken along."""
    return [route for route in pages() if route.method == "GET" and route.url in VIEWS]


def all_routes() -> list[Route]:
    """Every route. The PDF of a view needs the right of the view, and comes before addresses with one more word."""
    papers_of_views = [
        replace(view, url=view.url.rstrip("/") + papers.ENDING, handler=papers.show_pdf, is_heavy=True)
        for view in views()
    ]
    return [*papers_of_views, *pages()]
