"""Pages of merges: probable pairs, one merge with its choices, the way back."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from branch_node.customers.fields import labels, word_of
from branch_node.customers.queries import customer_for, duplicates_of
from branch_node.customers.rules import REASONS
from branch_node.merges import actions, queries
from branch_node.merges.forms import OtherForm, PreviewForm, TwoForm
from branch_node.merges.pages import Choice, MergePage, PairsPage
from branch_node.merges.rules import CHOSEN, conflicts
from branch_node.requests import path_id
from shared.errors import Invalid
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.permissions import SCOPE_LABELS, Person, reach
from shared.records import Customer
from shared.web.forms import Form, empty_form, read_form, read_query, with_errors
from shared.web.responses import page, redirect

MERGE = "customer.merge"


def reason_words() -> dict[str, str]:
    return {code: _(label) for code, label in REASONS.items()}


def table_words() -> dict[str, str]:
    """What a merge moves, in words; tables that are not here are summed up as other records."""
    return {
        "activity": _("Follow-ups"), "quotation": _("Quotes"), "sales_order": _("Orders"), "receipt": _("Receipts"),
        "receivable": _("Instalments"), "contact": _("Contacts"), "task": _("Tasks"), "feedback": _("Feedback"),
        "plan_item": _("Plan items"), "opportunity": _("Opportunities"), "address": _("Addresses"),
    }  # fmt: skip


async def show_pairs(request: Request) -> Response:
    """Customers of the branch that are probably entered twice."""
    person: Person = request.state.person
    scope = _(SCOPE_LABELS[reach(person, MERGE).kind])
    view = PairsPage(await queries.probable_pairs(person), reason_words(), queries.PAIR_LIMIT, scope)
    return page(request, "merges/pairs.html", view)


async def chosen(request: Request) -> Response:
    """Two rows ticked in the list of customers: the one entered first remains."""
    person: Person = request.state.person
    form = await read_form(request, TwoForm)
    ids = sorted(dict.fromkeys(form.value.ids)) if not form.errors else []
    if len(ids) != 2:
        return redirect("/customers", toast=_("Tick two customers to merge them."))
    for row_id in ids:
        await customer_for(person, row_id, MERGE)
    return redirect(f"/customers/{ids[0]}/merge?other={ids[1]}")


async def ask(request: Request) -> Response:
    """Choose the other customer; with ?other= what would become of both."""
    person: Person = request.state.person
    kept = await customer_for(person, path_id(request), MERGE)
    form = read_query(request, PreviewForm) if "other" in request.query_params else empty_form()
    other = await customer_for(person, form.result.other, MERGE) if form.result else None
    view = await merge_page(person, kept, other, form)
    return page(request, "merges/merge.html", view, status=422 if form.errors else 200)


async def merge_page(person: Person, kept: Customer, other: Customer | None, form: Form[Any]) -> MergePage:
    found = await duplicates_of(
        person, name=kept.name, phone=kept.phone, email=kept.email, tax_number=kept.tax_number, own_id=kept.id
    )
    return MergePage(
        customer=kept,
        form=form,
        other=other,
        other_name=other.name if other else "",
        choices=choices(kept, other) if other else [],
        moving=moving(await queries.counts_of(other)) if other else [],
        duplicates=[one for one in found if not one.is_hidden],
        reasons=reason_words(),
    )


def choices(kept: Customer, other: Customer) -> list[Choice]:
    label = labels()
    mine, theirs = ({name: getattr(row, name) for name in CHOSEN} for row in (kept, other))
    return [
        Choice(name, label[name], word_of(name, str(mine[name])), word_of(name, str(theirs[name])))
        for name in conflicts(mine, theirs)
    ]


def moving(counts: dict[str, int]) -> list[tuple[str, int]]:
    words = table_words()
    named = [(words[table], count) for table, count in counts.items() if table in words]
    rest = sum(count for table, count in counts.items() if table not in words)
    return [*named, (_("Other records"), rest)] if rest else named


async def merge(request: Request) -> Response:
    """The other customer goes into this one."""
    person: Person = request.state.person
    kept = await customer_for(person, path_id(request), MERGE)
    form = await read_form(request, OtherForm)
    if form.errors:
        return page(request, "merges/merge.html", await merge_page(person, kept, None, form), status=422)
    other = await customer_for(person, form.value.other, MERGE)
    try:
        record = await actions.merge_customers(person, kept, other, form.value.take)
    except Invalid as refused:
        view = await merge_page(person, kept, None, with_errors(form, refused))
        return page(request, "merges/merge.html", view, status=422)
    toast = _("%(name)s is now part of %(kept)s. It can be undone.", name=other.name, kept=kept.name)
    return redirect(f"/customers/{kept.id}", toast=toast, undo=f"/merges/{record.id}/undo")


async def undo(request: Request) -> Response:
    """Two customers again."""
    person: Person = request.state.person
    record = await queries.merge_for(person, path_id(request))
    stays = await actions.undo_merge(person, record)
    toast = _("The merge is undone.")
    if stays:
        names = _(", ").join(labels().get(name, name) for name in stays)
        toast = ngettext(
            "The merge is undone. Changed since and kept as it is: %(names)s",
            "The merge is undone. Changed since and kept as they are: %(names)s",
            len(stays),
            names=names,
        )
    return redirect(f"/customers/{record.merged_id}", toast=toast)
