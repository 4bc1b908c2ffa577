"""The page of the audit trail: who did what when; as a file; and the proof of its chain when asked for."""

from collections.abc import Sequence
from dataclasses import replace

from starlette.requests import Request
from starlette.responses import Response

from branch_node.listing import Listing, choices, nothing, scope_of, wants_file, whole
from branch_node.lists import Paging, paging
from branch_node.staff.queries import names_of
from branch_node.trail import queries
from branch_node.trail.forms import ListForm
from branch_node.trail.pages import TrailPage
from branch_node.trail.proof import Proof, prove
from branch_node.trail.queries import TrailRow
from branch_node.trail.rules import KINDS
from shared.digits import whole_number
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.permissions import Person
from shared.web import filters as show
from shared.web.export import ROW_LIMIT
from shared.web.forms import Form, read_query
from shared.web.parts import Chip, Column, Field, Filters, Option, ProofLine, Tab
from shared.web.responses import page
from shared.web.templating import with_query

URL = "/audit"


async def show_trail(request: Request) -> Response:
    """Acts or changes; ?format= as a file, ?proof=1 with the chain computed anew."""
    person: Person = request.state.person
    form = read_query(request, ListForm)
    wanted = form.value if not form.errors else ListForm()
    pages = paging({} if wanted.which == "changes" else request.query_params, queries.SORTS, "-at")
    chips = await chips_of(wanted)
    scope = scope_of(person, "audit.view")
    listing = listing_of(wanted.which)
    if wants_file(request):
        rows = await rows_for_file(person, wanted, pages)
        return await listing.file(
            request, rows, scope=scope, filters=_(", ").join(chip.label for chip in chips)
        )
    if wanted.which == "acts":
        cut = await queries.acts_page(person, wanted, pages)
    else:
        cut = await queries.changes_page(person, wanted, position_in(request))
    empty = nothing(
        bool(chips) and not cut.next, _("Nothing was done yet."), _("Nothing matches these filters."), URL
    )
    found = await prove() if request.query_params.get("proof") == "1" else None
    view = TrailPage(
        tabs=[
            Tab(_("Changes of records"), with_query(URL, which=None, kind=None, after=None, before=None, proof=None),
                wanted.which == "changes"),
            Tab(_("Acts"), with_query(URL, which="acts", kind=None, after=None, before=None, proof=None),
                wanted.which == "acts"),
        ],
        filters=await filter_bar(form, wanted, chips),
        table=replace(
            await listing.table(request, cut, pages, None, empty), views_url="", sorted_by=""
        ),
        scope=scope,
        proof=ProofLine(
            proof_text(found),
            "muted" if found is None or found.is_whole is None else "ok" if found.is_whole else "bad",
            found is None,
        ),
    )  # fmt: skip
    return page(request, "trail/list.html", view)


def position_in(request: Request) -> int | None:
    """The position in ?after=; Invalid when it is none."""
    text = request.query_params.get("after", "")
    if not text:
        return None
    position = whole_number(text)
    if position is None:
        raise Invalid()
    return position


async def rows_for_file(person: Person, wanted: ListForm, pages: Paging) -> Sequence[TrailRow]:
    """As many rows as a file holds, and one more."""
    if wanted.which == "acts":
        return (await queries.acts_page(person, wanted, whole(pages))).rows
    return (await queries.changes_page(person, wanted, None, ROW_LIMIT + 1)).rows


def listing_of(which: str) -> Listing[TrailRow]:
    is_acts = which == "acts"
    return Listing(
        key="audit",
        caption=_("Audit trail"),
        columns=[
            Column("at", _("Time"), "instant", phone="head"),
            Column("who", _("Person"), phone="second"),
            Column("verb", _("Did"), phone="second" if is_acts else "rest"),
            Column("kind", _("Kind"), phone="rest" if is_acts else "second"),
            Column("what", _("Details") if is_acts else _("Record"), phone="second"),
        ],
        cells=lambda row: {
            "at": row.at, "who": row.who or _("the system"), "verb": _(row.verb), "kind": _(row.kind) if row.kind else None,
            "what": row.what or None,
        },
        url=lambda row: row.url,
        row_id=lambda row: row.id,
    )  # fmt: skip


async def chips_of(wanted: ListForm) -> list[Chip]:
    """The active filters as words, each with the address without it."""
    texts = []
    if wanted.person_id is not None:
        names = await names_of([wanted.person_id])
        texts.append(("person_id", names.get(wanted.person_id, "—")))
    if wanted.kind in KINDS and wanted.which == "changes":
        texts.append(("kind", _(KINDS[wanted.kind].word)))
    if wanted.from_on:
        texts.append(("from_on", _("from %(day)s", day=show.day(wanted.from_on))))
    if wanted.until_on:
        texts.append(("until_on", _("to %(day)s", day=show.day(wanted.until_on))))
    return [
        Chip(text, with_query("", **{name: None, f"{name}_text": None}, after=None, before=None))
        for name, text in texts
    ]


async def filter_bar(form: Form[ListForm], wanted: ListForm, chips: Sequence[Chip]) -> Filters:
    names = await names_of([wanted.person_id])
    kinds = sorted(choices({code: kind.word for code, kind in KINDS.items()}), key=lambda one: one.label)
    fields = [
        Field(
            "person_id",
            _("Person"),
            "pick",
            pick_url="/staff/pick?left=1",
            pick_text=names.get(wanted.person_id, ""),
        ),
        *(
            [Field("kind", _("Kind"), "select", options=[Option("", _("any")), *kinds])]
            if wanted.which == "changes"
            else []
        ),
        Field("from_on", _("From"), "date"),
        Field("until_on", _("Until"), "date"),
    ]
    keep = {"which": "acts"} if wanted.which == "acts" else {}
    clear = with_query(URL, **dict.fromkeys((*ListForm.model_fields, "person_id_text"))) if chips else ""
    return Filters(fields, form, URL, list(chips), "", clear, keep)


def proof_text(found: Proof | None) -> str:
    """What proves that nobody changed the trail afterwards, or what the check found."""
    if found is None:
        return _(
            "Every change is chained to the one before it by a hash; headquarters keeps the same chain and compares it at "
            "each contact."
        )
    if found.is_whole is None:
        return _("Headquarters has confirmed no position of this log yet; there is nothing to compare with.")
    place = {"first": show.number(found.first + 1), "last": show.number(found.last)}
    if not found.is_whole:
        return _(
            "The chain is broken before position %(broken)s; up to %(last)s it is whole. Tell the administrator of "
            "headquarters: the log was altered.",
            broken=show.number(found.broken_at),
            last=place["last"],
        )
    return _(
        "Chain verified: changes %(first)s to %(last)s are as headquarters confirmed them at %(time)s.",
        **place,
        time=show.instant(found.confirmed_at),
    )
