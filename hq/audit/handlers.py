"""/audit: who did what when, at headquarters and at the branches of the reader."""

from collections.abc import AsyncIterator
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import branches_of, day_of
from hq.audit.actions import note
from hq.audit.chain import Proof, prove
from hq.audit.pages import AuditPage
from hq.audit.queries import SORTS, Entry, Wanted, entries, every_entry, is_company, names_of_people
from hq.audit.rules import WORDS, details_of, word_of
from hq.figures.freshness import directory
from hq.figures.shape import Question
from shared.acts import ACTS
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.records import COMPANY
from shared.web import export
from shared.web.filters import number
from shared.web.forms import empty_form
from shared.web.keyset import neighbours, paging
from shared.web.parts import Chip, Column, Empty, Field, Filters, Option, ProofLine, Row, TableView
from shared.web.responses import page
from shared.web.templating import with_query

FIELDS = ("branch", "person", "action", "from", "to")


async def show(request: Request) -> Response:
    """Newest first; narrowed by branch, person, act and days. As CSV or XLSX with ?format=."""
    wanted = wanted_of(request)
    names = await names_of(request)
    kind = request.query_params.get("format", "")
    if kind in ("csv", "xlsx"):
        return await as_file(request, wanted, names, kind)
    cut = await entries(wanted, paging(request.query_params, SORTS, "-day"))
    following, previous = neighbours(cut)
    people = await names_of_people()
    rows = [Row(cells_of(one, names, people), id=one.id) for one in cut.rows]
    empty = Empty("filter" if chips(request) else "nothing", _("No entries here."))
    table = TableView(
        "audit", _("Audit trail"), columns(), rows, next_url=following, previous_url=previous, empty=empty,
        exports=export.export_links(),
    )  # fmt: skip
    line = None
    if wanted.codes is None:
        line = proof_line(await prove() if request.query_params.get("proof") == "1" else None)
    return page(request, "audit/list.html", AuditPage(filters_of(request, names), table, line))


def proof_line(found: Proof | None) -> ProofLine:
    """What proves that nobody changed headquarters' entries afterwards, or what the check found."""
    if found is None:
        return ProofLine(_("Every entry of headquarters is chained to the one before it by a hash."))
    if found.broken_at:
        return ProofLine(
            _(
                "The chain is broken at entry %(broken)s; up to %(last)s it is whole. An entry was altered, removed or moved.",
                broken=number(found.broken_at),
                last=number(found.last),
            ),
            "bad",
            False,
        )
    if found.unchained:
        return ProofLine(
            ngettext(
                "%(n)s entry stands outside of the chain: it was slipped in.",
                "%(n)s entries stand outside of the chain: they were slipped in.",
                found.unchained,
            ),
            "bad",
            False,
        )
    return ProofLine(
        _(
            "Chain verified: entries 1 to %(last)s are as they were written. The chain ends with %(end)s.",
            last=number(found.last),
            end=found.end[:12],
        ),
        "ok",
        False,
    )


def wanted_of(request: Request) -> Wanted:
    """What the address asks, within the reader's branches; headquarters' own entries are for who sees all branches."""
    params = request.query_params
    codes = branches_of(request.state.person, "audit.view")
    return Wanted(
        None if codes is None else sorted(codes),
        params.get("branch", "").strip()[:16],
        params.get("person", "").strip()[:80],
        params.get("action", "").strip()[:48],
        day_of(params, "from"),
        day_of(params, "to"),
    )


async def names_of(request: Request) -> dict[str, str]:
    """The reader's branches by code, headquarters' own code first where the reader sees it."""
    codes = branches_of(request.state.person, "audit.view")
    known = await directory(Question(branches=codes, locale=request.state.locale))
    own = {COMPANY: _("Headquarters")} if codes is None else {}
    return {**own, **{branch.code: branch.name for branch in known.branches}}


def columns() -> list[Column]:
    """When, who, where, what."""
    return [
        Column("at", _("Time"), "instant", phone="second"),
        Column("person", _("By whom"), phone="head"),
        Column("branch", _("Branch"), phone="second"),
        Column("act", _("Act"), phone="second"),
        Column("details", _("Details")),
    ]


def cells_of(one: Entry, names: dict[str, str], people: dict[str, str]) -> dict[str, Any]:
    """An entry in words; `names` of branches by code, `people` by id."""
    return {
        "at": one.at,
        "person": one.person or _("nobody signed in"),
        "branch": names.get(one.branch, one.branch if not is_company(one.branch) else _("Headquarters")),
        "act": capitalised(_(word_of(one.action))),
        "details": details_of(one.action, one.details, {**people, **names}),
    }


def capitalised(text: str) -> str:
    """With a capital letter where the script has them: branches tell acts within a sentence."""
    return text[:1].upper() + text[1:]


def chips(request: Request) -> list[Chip]:
    """What the list is narrowed to."""
    params = request.query_params
    return [
        Chip(params[name], with_query(**{name: None, "after": None, "before": None}))
        for name in FIELDS
        if params.get(name)
    ]


def filters_of(request: Request, names: dict[str, str]) -> Filters:
    """The bar above the list."""
    params = request.query_params
    fields = [
        Field("branch", _("Branch"), "select", options=[Option("", _("All")), *(Option(code, name) for code, name in names.items())]),
        Field("person", _("By whom"), width="m"),
        Field("action", _("Act"), "select", options=[Option("", _("All")), *act_options()]),
        Field("from", _("From day"), "date", is_optional=True),
        Field("to", _("To day"), "date", is_optional=True),
    ]  # fmt: skip
    form = empty_form(**{name: params.get(name, "") for name in FIELDS})
    return Filters(fields, form, "/audit", chips(request), clear_url="/audit" if chips(request) else "")


def act_options() -> list[Option]:
    """The acts to choose from; both sides may do the same, so those of branches say so."""
    return [
        *(Option(code, _(word)) for code, word in WORDS.items()),
        *(Option(code, _("%(act)s (branch)", act=capitalised(_(word)))) for code, word in ACTS.items() if code not in WORDS),
    ]  # fmt: skip


async def as_file(request: Request, wanted: Wanted, names: dict[str, str], kind: str) -> Response:
    """The list as a file; that is an entry, too."""
    people = await names_of_people()

    async def cells() -> AsyncIterator[dict[str, Any]]:
        async for one in every_entry(wanted):
            yield {
                **cells_of(one, names, people),
                "code": one.action,
                "entity": one.entity,
                "entity_id": one.entity_id,
            }

    await note("audit.exported", "audit_entry", None, {"format": kind})
    heads = [
        *columns(),
        Column("code", _("Code of the act")),
        Column("entity", _("Kind")),
        Column("entity_id", _("Number")),
    ]
    scope = _("All branches") if wanted.codes is None else _(", ").join(names.values())
    chosen = ", ".join(request.query_params[name] for name in FIELDS if request.query_params.get(name))
    heading = export.Heading(_("Audit trail"), scope, chosen, "", request.state.person.name)
    return await export.export(request, kind=kind, name="audit", heading=heading, columns=heads, rows=cells())
