"""Lists of documents and money: the table of a page and the file of the same filter, made alike."""

from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.lists import Cut, Paging, neighbours
from shared import clock
from shared.i18n import gettext as _
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.web import filters as show
from shared.web.export import ROW_LIMIT, Heading, export, export_links, in_order
from shared.web.lists import split_columns, with_own_views
from shared.web.parts import Action, Column, Count, Empty, Option, Row, TableView, View

T = TypeVar("T")


@dataclass(frozen=True)
class Listing(Generic[T]):
    """How one kind of row is shown: columns (those in `hidden` only on demand), cells, address and id of a row."""

    key: str
    caption: str
    columns: Sequence[Column]
    cells: Callable[[T], Mapping[str, Any]]
    url: Callable[[T], str]
    row_id: Callable[[T], str]
    hidden: Sequence[str] = field(default_factory=tuple)

    async def table(
        self,
        request: Request,
        cut: Cut[T],
        paging: Paging,
        count: Count | None,
        empty: Empty,
        views: Sequence[View] = (),
        total: Row | None = None,
        bulk: Sequence[Action] = (),
    ) -> TableView:
        """The table of one page, with the columns the address asks for and the person's own views behind `views`."""
        following, previous = neighbours(cut)
        kept, left = self.shown(request)
        return TableView(
            key=self.key,
            caption=self.caption,
            columns=kept,
            rows=[Row(self.cells(row), self.row_id(row), self.url(row)) for row in cut.rows],
            sorted_by=paging.sorted_by,
            count=count,
            next_url=following,
            previous_url=previous,
            empty=empty,
            bulk=bulk if cut.rows else (),
            hidden_columns=left,
            exports=export_links(),
            views=await with_own_views(request, views),
            views_url=request.url.path,
            total=total,
        )

    def shown(self, request: Request) -> tuple[Sequence[Column], Sequence[Column]]:
        """The columns that the address asks for and the others; unless it names some, a file has all of them."""
        default = [
            column.key for column in self.columns if column.key not in self.hidden or wants_file(request)
        ]
        return split_columns(request, self.columns, default)

    def shows(self, request: Request, key: str) -> bool:
        """Whether this column is asked for: what it alone needs is read only then."""
        return any(column.key == key for column in self.shown(request)[0])

    async def file(
        self, request: Request, rows: Sequence[T], *, scope: str, filters: str, as_of: str = ""
    ) -> Response:
        """The rows as CSV or XLSX (?format=), at most 5,000; the first lines say what they are, who took it is noted."""
        person: Person = request.state.person
        kept = rows[:ROW_LIMIT]
        if len(rows) > ROW_LIMIT:
            limit = _("the first %(n)s rows", n=show.number(ROW_LIMIT))
            filters = _(", ").join(text for text in (filters, limit) if text)
        kind = request.query_params["format"]
        await note(
            person, f"{self.key}.exported", self.key, None, count=len(kept), format=kind, filters=filters
        )
        heading = Heading(self.caption, scope, filters, as_of or show.instant(clock.now()), person.name)
        return await export(
            request,
            kind=kind,
            name=self.caption,
            heading=heading,
            columns=self.shown(request)[0],
            rows=in_order([self.cells(row) for row in kept]),
        )


def wants_file(request: Request) -> bool:
    """Whether the list is asked for as a file."""
    return request.query_params.get("format") in ("csv", "xlsx")


def whole(paging: Paging) -> Paging:
    """The same order from the start, with as many rows as a file holds and one more."""
    return replace(paging, cursor=None, size=ROW_LIMIT + 1)


def scope_of(person: Person, action: str) -> str:
    """What the person's reach is called: it stands in the page's head and in each file."""
    return _(SCOPE_LABELS[reach(person, action).kind])


def nothing(is_narrowed: bool, text: str, narrowed: str, url: str, action: Action | None = None) -> Empty:
    """Why a list is empty: nothing yet, with what fills it, or nothing for these filters."""
    if is_narrowed:
        return Empty("filter", narrowed, Action(_("Clear filters"), url))
    return Empty("nothing", text, action)


def tabs(
    request: Request, url: str, fields: Container[str], known: Sequence[tuple[str, Mapping[str, str]]]
) -> list[View]:
    """The tabs of a list: name and filters of each; the one whose filters (without the order) are asked for is current."""
    asked = {name: value for name, value in request.query_params.items() if value and name in fields}
    return [
        View(
            name,
            f"{url}?{urlencode(params)}" if params else url,
            asked == {key: value for key, value in params.items() if key != "sort"},
        )
        for name, params in known
    ]


def choices(known: Mapping[str, str], *, first: str = "") -> list[Option]:
    """Options of a select from msgids by code, with an empty one in front when it has a name."""
    found = [Option(code, _(label)) for code, label in known.items()]
    return [Option("", first), *found] if first else found
