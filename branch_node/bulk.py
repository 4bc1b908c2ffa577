"""Acts on many rows of a list: the page that shows first what would happen to each, and what happened."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from starlette.requests import Request
from starlette.responses import Response

from shared.web.forms import Form, FormModel, Tick
from shared.web.parts import Crumb, Field
from shared.web.responses import page


class BulkForm(FormModel):
    """What every such act is posted with: `sure` only from the page that asks."""

    sure: Tick = False


@dataclass(frozen=True)
class BulkRow:
    """A ticked row: what would happen to it, or with `can` False why nothing would."""

    id: UUID
    label: str
    note: str
    can: bool = True


@dataclass(frozen=True)
class BulkPage:
    """bulk.html: what an act would do to each ticked row, before it does it. `fields` are asked once for all rows."""

    title: str
    crumbs: Sequence[Crumb]
    action: str
    verb: str
    rows: Sequence[BulkRow]
    fields: Sequence[Field]
    form: Form[Any]

    @property
    def ready(self) -> Sequence[BulkRow]:
        return [row for row in self.rows if row.can]

    @property
    def left(self) -> Sequence[BulkRow]:
        return [row for row in self.rows if not row.can]


def preview(
    request: Request,
    title: str,
    crumb: Crumb,
    action: str,
    verb: str,
    rows: Sequence[BulkRow],
    form: Form[Any],
    fields: Sequence[Field] = (),
) -> Response:
    """The page that asks; 422 when it is shown again with faults."""
    view = BulkPage(title, [crumb], action, verb, rows, fields, form)
    return page(request, "bulk.html", view, status=422 if form.errors else 200)


def ids_of(form: Form[Any], limit: int = 200) -> list[UUID]:
    """The ticked ids, at most `limit`; what is no id is left out."""
    found: list[UUID] = []
    for text in form.texts("ids")[:limit]:
        try:
            found.append(UUID(text))
        except ValueError:
            continue
    return list(dict.fromkeys(found))


def is_sure(form: Form[Any]) -> bool:
    """Whether the preview was confirmed."""
    return form.text("sure") == "1"
