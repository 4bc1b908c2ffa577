"""/sync/{code}/rows/{id}: one row that differed, as it was here and as it is at the branch."""

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.figures.freshness import directory
from hq.replication.models import ScrubRow
from hq.sync.pages import FoundPage
from hq.sync.proof_view import image, kind_words, state_words
from shared.digits import whole_number
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.vocabulary import table_word
from shared.web.filters import instant
from shared.web.parts import Column, Crumb, Row, TableView
from shared.web.responses import page
from shared.web.versions import column_label, value_text


async def show(request: Request) -> Response:
    """Both versions, what differed first. NotFound outside the reader's branches."""
    code, text = request.path_params["code"], request.path_params["id"]
    branches = await directory(question_of(request, "sync.view"))
    number = whole_number(text)
    if number is None or code not in branches.codes:
        raise NotFound()
    row = await ScrubRow.get_or_none(id=number, branch=code)
    if row is None:
        raise NotFound()
    view = FoundPage(
        title=f"{table_word(row.tbl)} {row.row_id[:8]}",
        crumbs=[Crumb(_("Replication"), "/sync"), Crumb(code, f"/sync/{code}")],
        sentence=_(
            "Found %(time)s: %(kind)s, %(state)s.",
            time=instant(row.found_at),
            kind=kind_words().get(row.kind, row.kind),
            state=state_words().get(row.status, row.status),
        ),
        error=row.error,
        table=versions(row, known.currency if (known := branches.get(code)) else ""),
    )
    return page(request, "sync/found.html", view)


def versions(row: ScrubRow, currency: str) -> TableView:
    """Column by column; what is empty in both is left out. `currency` is the branch's own."""
    before, after = image(row.before), image(row.after)
    names = [*row.columns, *(name for name in {**after, **before} if name not in row.columns)]
    columns = [
        Column("column", _("Column"), phone="head"),
        Column("before", _("Here before"), phone="second"),
        Column("after", _("At the branch"), phone="second"),
    ]
    rows = [
        Row(
            {
                "column": column_label(name, after or before, currency),
                "before": value_text(name, before.get(name), before, currency),
                "after": value_text(name, after.get(name), after, currency),
            },
            is_muted=name not in row.columns,
        )
        for name in names
        if before.get(name) not in ("", None) or after.get(name) not in ("", None)
    ]
    return TableView("versions", _("Versions"), columns, rows)
