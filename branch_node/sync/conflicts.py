"""/sync/conflicts: rows that changed here and at headquarters' copy while this branch was put back from an old one.

The branch's own version holds until somebody chooses; the choice is written like any other change and goes to headquarters.
"""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from branch_node.audit import note
from branch_node.editing import locked
from branch_node.home import home
from branch_node.replication.merging import canonical_rows, put_rows
from branch_node.requests import path_id
from branch_node.sync.pages import ConflictPage, ConflictsPage
from shared import clock
from shared.canonical import to_micros
from shared.database import transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_, ngettext
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.records import Customer, Department, Employee, Order, Product, Receipt, RowConflict
from shared.replication.columns import replicated_tables
from shared.vocabulary import table_word
from shared.web.parts import Column, Crumb, Empty, Row, TableView
from shared.web.responses import page, redirect
from shared.web.versions import column_label, value_text

SHOWN = 200
BOOKKEEPING = frozenset(
    {
        "id",
        "branch",
        "name_key",
        "search_key",
        "revision",
        "recorded_at",
        "recorded_by",
        "changed_at",
        "changed_by",
    }
)
"""Columns that say nothing to a person who chooses."""

NAMED = (
    (Employee, "name"), (Customer, "name"), (Department, "name"), (Product, "name"), (Order, "number"), (Receipt, "number"),
)  # fmt: skip
"""What rows mostly refer to, and what people call it."""


async def show(request: Request) -> Response:
    """The rows that wait for a choice, then those that were chosen."""
    rows = await RowConflict.filter(branch=home().code).order_by("-recorded_at").limit(SHOWN)
    rows.sort(key=lambda row: row.status != "open")
    count = sum(1 for row in rows if row.status == "open")
    text = ngettext("%(n)s row changed on both sides. The version of this branch holds until somebody chooses.", "%(n)s rows changed on both sides. The versions of this branch hold until somebody chooses.", count)  # fmt: skip
    words = {"ours": _("ours kept"), "theirs": _("HQ's taken"), "open": _("to be chosen")}
    columns = [
        Column("what", _("Record"), phone="head"),
        Column("state", _("State"), phone="second"),
        Column("at", _("Found"), "instant", phone="second"),
        Column("who", _("By whom")),
    ]
    found = [
        Row(
            {"what": named(row), "state": words.get(row.status, row.status), "at": row.recorded_at, "who": row.decided_by_name or None},
            url=f"/sync/conflicts/{row.id}",
            is_muted=row.status != "open",
        )
        for row in rows
    ]  # fmt: skip
    empty = Empty("nothing", _("No row changed on both sides."))
    view = ConflictsPage(
        [Crumb(_("Replication"), "/sync")],
        text if count else "",
        TableView("conflicts", _("Conflicts"), columns, found, empty=empty),
    )
    return page(request, "sync/conflicts.html", view)


def image(text: str) -> dict[str, Any]:
    """A version as columns; empty where the row was deleted."""
    return dict(msgspec.json.decode(text)) if text else {}


def named(conflict: RowConflict) -> str:
    """Record and number, code or name."""
    row = image(conflict.ours) or image(conflict.theirs)
    name = next((str(row[key]) for key in ("number", "code", "name", "title") if row.get(key)), "")
    return f"{table_word(conflict.tbl)} {name or conflict.row_id[:8]}"


async def conflict_of(request: Request) -> RowConflict:
    """The conflict of the address, of this branch; else NotFound."""
    found = await RowConflict.get_or_none(id=path_id(request), branch=home().code)
    if found is None or found.tbl not in replicated_tables():
        raise NotFound()
    return found


async def present(conflict: RowConflict) -> str:
    """The row as it is here now, canonical; empty where it is gone."""
    rows = await canonical_rows(replicated_tables()[conflict.tbl], [conflict.row_id])
    return rows.get(conflict.row_id, "")


async def show_one(request: Request) -> Response:
    """Both versions side by side, what differs first."""
    conflict = await conflict_of(request)
    here, theirs, currency = image(await present(conflict)), image(conflict.theirs), home().currency
    known = await names_in(here, theirs)

    def text(name: str, row: dict[str, Any]) -> str | None:
        return known.get(str(row.get(name))) or value_text(name, row.get(name), row, currency)

    names = [name for name in replicated_tables()[conflict.tbl].names if name not in BOOKKEEPING]
    differing = [name for name in names if here.get(name) != theirs.get(name)]
    columns = [
        Column("column", _("Column"), phone="head"),
        Column("ours", _("Here now"), phone="second"),
        Column("theirs", _("HQ's version"), phone="second"),
    ]
    order = [
        *differing,
        *(name for name in names if name not in differing and here.get(name) not in ("", None)),
    ]
    rows = [
        Row(
            {
                "column": column_label(name, here or theirs, currency),
                "ours": text(name, here),
                "theirs": text(name, theirs),
            },
            is_muted=name not in differing,
        )
        for name in order
    ]
    view = ConflictPage(
        title=named(conflict),
        crumbs=[Crumb(_("Replication"), "/sync"), Crumb(_("Conflicts"), "/sync/conflicts")],
        url=f"/sync/conflicts/{conflict.id}",
        sentence=sentence(here, theirs, len(differing)),
        table=TableView("versions", _("Versions"), columns, rows),
        may_choose=conflict.status == "open" and request.state.person.may("settings.edit"),
    )
    return page(request, "sync/conflict.html", view)


async def names_in(*versions: Mapping[str, Any]) -> dict[str, str]:
    """Whom and what the ids in versions of a row mean, where they have a name here."""
    ids = {
        str(value)
        for row in versions
        for name, value in row.items()
        if value and name != "id" and name.endswith(("_id", "_by"))
    }
    found: dict[str, str] = {}
    for model, column in NAMED if ids else ():
        pairs = await model.filter(id__in=list(ids)).values_list("id", column)
        found |= {str(row_id): str(name) for row_id, name in pairs}
    return found


def sentence(here: dict[str, Any], theirs: dict[str, Any], differing: int) -> str:
    """What choosing means for this row."""
    if not theirs:
        return _("HQ's copy had deleted this row; taking that deletes it here.")
    if not here:
        return _("The row is deleted here; HQ's copy still had it.")
    return ngettext(
        "The versions differ in %(n)s column.", "The versions differ in %(n)s columns.", differing
    )


async def keep_ours(request: Request) -> Response:
    """The version here was right."""
    return await chosen(request, "ours", _("The version of this branch stays."))


async def take_theirs(request: Request) -> Response:
    """HQ's version was right."""
    return await chosen(request, "theirs", _("HQ's version has been taken."))


async def chosen(request: Request, which: str, toast: str) -> Response:
    conflict = await conflict_of(request)
    await choose(request.state.person, conflict.id, which)
    return redirect("/sync/conflicts", toast=toast)


async def choose(person: Person, conflict_id: UUID, which: str) -> None:
    """Note the choice and, for `theirs`, write that version; once. Conflict when it was chosen already. One transaction."""
    async with transaction():
        conflict = await locked(RowConflict, conflict_id)
        if conflict.status != "open":
            raise Conflict(N_("Somebody has chosen already. Change the record itself now."), code="conflict.settled")  # fmt: skip
        if which == "theirs":
            await put_rows(
                replicated_tables()[conflict.tbl], [(conflict.row_id, await version(person, conflict))]
            )
        conflict.status, conflict.decided_at, conflict.decided_by_name = which, clock.now(), person.name
        await conflict.save()
        await note(person, f"conflict.{which}", conflict.tbl, UUID(conflict.row_id))


async def version(person: Person, conflict: RowConflict) -> str | None:
    """HQ's version as it is written: with the next revision, by whom and when; None where it had deleted the row."""
    if not conflict.theirs:
        return None
    theirs, here = image(conflict.theirs), image(await present(conflict))
    theirs["revision"] = max(int(theirs["revision"]), int(here.get("revision", 0))) + 1
    theirs["changed_at"], theirs["changed_by"] = to_micros(clock.now()), str(person.id)
    return msgspec.json.encode({name: theirs.get(name) for name in replicated_tables()[conflict.tbl].names}).decode()  # fmt: skip


async def open_count() -> int:
    """How many rows wait for a choice."""
    return await RowConflict.filter(branch=home().code, status="open").count()
