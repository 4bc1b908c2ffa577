"""What every list page shares: which columns are shown, and named views kept per person.

A view is a query string, so that it can be sent to a colleague; presets are the site's, the others the person's.
"""

from collections.abc import Sequence
from dataclasses import replace
from urllib.parse import parse_qsl, urlencode

from starlette.requests import Request
from starlette.responses import Response

from shared import clock
from shared.database import transaction
from shared.i18n import gettext
from shared.web.access import local_path
from shared.web.forms import FormModel, ShortText, read_form
from shared.web.models import SavedView
from shared.web.parts import Column, View
from shared.web.responses import redirect
from shared.web.routing import SIGNED_IN, Route

TRANSIENT = frozenset({"after", "before", "count", "format"})
VIEW_LIMIT = 20


class SaveViewForm(FormModel):
    """A name for what the list shows now."""

    name: ShortText
    list_url: ShortText
    query: str = ""


class DropViewForm(FormModel):
    """Which view to forget."""

    name: ShortText
    list_url: ShortText


def split_columns(
    request: Request, columns: Sequence[Column], default: Sequence[str]
) -> tuple[list[Column], list[Column]]:
    """The shown and the hidden columns: ?columns=all, ?columns=name&columns=due (in that order), else `default`.

    The first column always stays: it names the row.
    """
    wanted = request.query_params.getlist("columns")
    if wanted == ["all"]:
        return list(columns), []
    by_key = {column.key: column for column in columns}
    keys = [key for key in wanted if key in by_key] or list(default)
    first = columns[0].key
    keys = [first, *(key for key in dict.fromkeys(keys) if key != first)]
    return [by_key[key] for key in keys], [column for column in columns if column.key not in keys]


def view_query(query: str) -> str:
    """A query string without what belongs to one visit only (cursor, format), in a fixed order."""
    pairs = [
        (name, value)
        for name, value in parse_qsl(query, keep_blank_values=False)
        if name not in TRANSIENT and name != "sort"
    ]
    sort = [pair for pair in parse_qsl(query) if pair[0] == "sort"]
    return urlencode(sorted(pairs, key=lambda pair: pair[0]) + sort[:1])


async def with_own_views(request: Request, presets: Sequence[View]) -> list[View]:
    """The site's tabs of a list, then the person's own; "All" comes first where only own ones would stand. One query."""
    if request.state.account is None:
        return list(presets)
    url, present = request.url.path, view_query(request.url.query)
    rows = await SavedView.filter(account_id=request.state.account.id, list_url=url).order_by("name")
    own = [View(row.name, f"{url}?{row.query}", view_query(row.query) == present, True) for row in rows]
    if own and not presets:
        return [View(gettext("All"), url, not present), *own]
    if any(view.is_active for view in own):
        presets = [replace(view, is_active=False) for view in presets]
    return [*presets, *own]


async def save_view(request: Request) -> Response:
    """Keep the filters, order and columns of a list under a name; the same name again replaces the view."""
    form = await read_form(request, SaveViewForm)
    url = local_path(form.text("list_url"))
    if form.errors:
        query = view_query(form.text("query"))[:2000]
        return redirect(f"{url}?{query}", toast=gettext("Not kept: give the view a name"))
    account, query = request.state.account, view_query(form.value.query)[:2000]
    async with transaction():
        kept = SavedView.filter(account_id=account.id, list_url=url)
        await kept.filter(name=form.value.name[:60]).delete()
        if await kept.count() >= VIEW_LIMIT:
            return redirect(f"{url}?{query}", toast=gettext("At most 20 views can be kept; delete one first"))
        await SavedView.create(
            account=account, list_url=url, name=form.value.name[:60], query=query, created_at=clock.now()
        )
    return redirect(f"{url}?{query}", toast=gettext("View saved"))


async def drop_view(request: Request) -> Response:
    """Forget a view of one's own; one that is gone already is no fault."""
    form = await read_form(request, DropViewForm)
    url = local_path(form.text("list_url"))
    if not form.errors:
        own = SavedView.filter(account_id=request.state.account.id, list_url=url, name=form.value.name)
        await own.delete()
    return redirect(url, toast=gettext("View deleted"))


ROUTES = [
    Route("POST", "/views", save_view, SIGNED_IN),
    Route("POST", "/views/delete", drop_view, SIGNED_IN),
]
