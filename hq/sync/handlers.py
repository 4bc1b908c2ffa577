"""/sync: replication of all branches; /sync/{code}: one branch; /sync/{code}/{verb}: what is done about its node."""

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from hq.asking import question_of
from hq.figures.shape import Question
from hq.live import shared_part, topics_of
from hq.sync import actions, proof_view, view
from hq.sync.pages import AskPage, BranchSyncPage, SyncPage, TokenPage
from hq.sync.queries import BranchSync, Details, all_branches, details
from shared.errors import NotFound
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.web.filters import number
from shared.web.forms import Form, FormModel, read_form, with_error
from shared.web.live import live
from shared.web.parts import Confirm, Crumb
from shared.web.responses import page, redirect, render
from shared.web.templating import with_query

WORST_FIRST = ("unreachable", "unproven", "delayed", "current", "never")
GAP_SECONDS = 1.0


class NameForm(FormModel):
    """The branch's code, typed before its node is refused."""

    typed_name: str = ""


def asked(request: Request) -> Question:
    """The branches within the reader's reach."""
    return question_of(request, "sync.view")


def worst_first(rows: Sequence[BranchSync]) -> list[BranchSync]:
    return sorted(rows, key=lambda row: (WORST_FIRST.index(row.branch.mark.state), -row.waiting))


async def page_of_all(request: Request) -> SyncPage:
    question = asked(request)
    rows = await all_branches(question)
    table = view.branch_table(worst_first(rows), question.offset)
    return SyncPage(view.sentence(rows), table, with_query("/live/sync"))


async def show(request: Request) -> Response:
    """Every branch, the worst first."""
    return page(request, "sync/list.html", await page_of_all(request))


async def live_part(request: Request) -> str:
    """What changes in the list."""
    return render(request, "sync/list.html", await page_of_all(request), block="live")


async def stream(request: Request) -> Response:
    """The open list, brought up to date when a branch has sent something and as time passes."""
    codes = {row.branch.code for row in await all_branches(asked(request))}

    part = shared_part(request, "#sync-live", asked(request), GAP_SECONDS, live_part)
    return live(request, topics=topics_of(codes), render=part, interval_seconds=0)


async def page_of_one(request: Request) -> BranchSyncPage:
    found = await details(asked(request), request.path_params["code"])
    branch = found.sync.branch
    may_act = request.state.person.may("settings.edit")
    return BranchSyncPage(
        title=_("Replication of %(branch)s", branch=branch.name),
        code=branch.code,
        state=branch.mark.state,
        notices=proof_view.notices_of(found),
        crumbs=[Crumb(_("Replication"), "/sync")],
        actions=view.actions_of(found) if may_act else [],
        job=view.job_of(found.runs[0] if found.runs else None),
        tables=view.tables_of(found),
        live_url=f"/live/sync/{branch.code}",
    )


async def show_one(request: Request) -> Response:
    """One branch: up, down, node, what is not proved, epochs, copies given back."""
    return page(request, "sync/one.html", await page_of_one(request))


async def live_part_of_one(request: Request) -> str:
    """What changes on the page of a branch."""
    return render(request, "sync/one.html", await page_of_one(request), block="live")


async def stream_one(request: Request) -> Response:
    """The open page of a branch."""
    code = (await page_of_one(request)).code

    part = shared_part(request, "#sync-live", asked(request), GAP_SECONDS, live_part_of_one)
    return live(request, topics=topics_of({code}), render=part, interval_seconds=0)


def question_for(verb: str, found: Details, form: Form[NameForm] | None = None) -> Confirm:
    """What is asked before a verb, with its consequences in numbers."""
    sync, code = found.sync, found.sync.branch.code
    missing = ngettext("%(n)s change that the node has announced is not here yet and would not come back.", "%(n)s changes that the node has announced are not here yet and would not come back.", sync.waiting)  # fmt: skip
    aside_count = sum(int(row["n"]) for row in found.set_aside)
    aside = ngettext("%(n)s change of it is set aside here and would not come back; have it mended or dismissed first.", "%(n)s changes of it are set aside here and would not come back; have them mended or dismissed first.", aside_count)  # fmt: skip
    refused = _(
        "The node that sends for %(code)s now is refused from this moment on. It keeps its own data.",
        code=code,
    )
    accounts = _("Accounts, passwords and uploaded files are not kept at HQ; they are not given back.")
    held = _("HQ gives back all it holds of %(code)s, at position %(position)s, and proves that it arrived.", code=code, position=number(sync.branch.mark.position))  # fmt: skip
    titles = {
        "rebuild": (_("Rebuild %(code)s from HQ?", code=code), _("Issue token"), [held, refused, *([missing] if sync.waiting else []), *([aside] if aside_count else []), accounts]),
        "standby": (_("New standby for %(code)s?", code=code), _("Issue token"), [_("Another node may read all rows of %(code)s and take the branch over.", code=code), *([_("The standby there is now is refused once the new one has introduced itself.")] if found.standby else [])]),
        "revoke": (_("Refuse the node of %(code)s?", code=code), _("Refuse %(code)s", code=code), [refused, _("What it writes stays with it until it is enrolled again with a new token.")]),
        "scrub": (_("Hash all rows of %(code)s again?", code=code), _("Hash again"), [_("HQ reads its %(rows)s rows of %(code)s and compares them with what the branch claims; it takes some seconds a million.", rows=number(found.rows), code=code), _("Where they differ the branch names the rows at its next contact; they are mended here and kept with both versions."), _("Nothing waits meanwhile.")]),
        "release": (_("Let %(code)s send on?", code=code), _("Let through"), [_("The next batch of %(code)s is taken over; whatever of it cannot be stored is set aside in quarantine.", code=code), _("The figures of %(code)s stay not proved until that is settled.", code=code)]),
        "drop-standby": (_("Drop the standby of %(code)s?", code=code), _("Drop standby"), [_("It can no longer read %(code)s or take it over.", code=code)]),
    }  # fmt: skip
    title, word, consequences = titles[verb]
    typed = code if verb in ("rebuild", "revoke") else ""
    return Confirm(
        title, f"/sync/{code}/{verb}", word, f"/sync/{code}", consequences, typed_name=typed, form=form,
        is_danger=verb != "scrub",
    )  # fmt: skip


async def found_for(request: Request) -> tuple[str, Details]:
    """The verb of the address and the branch. NotFound for others."""
    verb = request.path_params["verb"]
    if verb not in actions.VERBS:
        raise NotFound()
    return verb, await details(asked(request), request.path_params["code"])


async def ask(request: Request) -> Response:
    """The question before something is done."""
    return page(request, "sync/ask.html", AskPage(question_for(*await found_for(request))))


async def act(request: Request) -> Response:
    """Do it: a token is shown once, the rest leads back to the branch."""
    verb, found = await found_for(request)
    code = found.sync.branch.code
    form = await read_form(request, NameForm)
    if verb in ("rebuild", "revoke") and form.checked.typed_name.strip() != code:
        wrong = with_error(form, "typed_name", _("Type the code exactly."))
        return page(request, "sync/ask.html", AskPage(question_for(verb, found, wrong)), status=422)
    token = await actions.act(verb, code)
    if token:
        return page(request, "sync/token.html", token_page(verb, code, token))
    toasts = {
        "revoke": _("The node is refused."),
        "drop-standby": _("The standby is refused."),
        "scrub": _(
            "This machine is under load. The rows are hashed when it is calm again; the result appears here."
        )
        if request.app.state.load.pauses("long")
        else _("The rows are being hashed; the result appears here."),
        "release": _("The next batch is let through."),
    }
    return redirect(f"/sync/{code}", toast=toasts[verb])


def token_page(verb: str, code: str, token: str) -> TokenPage:
    """What to do with a token."""
    crumbs = [Crumb(_("Replication"), "/sync"), Crumb(code, f"/sync/{code}")]
    if verb == "rebuild":
        steps = [
            _("Set TRUNKLINE_BRANCH_CODE, TRUNKLINE_TIMEZONE and TRUNKLINE_BASE_CURRENCY as on the lost node; use an empty data folder."),
            _("Run the command below. It may be cut and run again without the token; progress is on the branch's page here."),
            _("Add people with `python -m branch_node user add`, then start `web`."),
        ]  # fmt: skip
        command = f"python -m branch_node bootstrap {token} --hq-url ..."
        return TokenPage(_("Rebuild %(code)s", code=code), crumbs, token, steps, command)
    steps = [
        _("Set the branch's own settings on the standby; use an empty data folder."),
        _("Run the command below; it follows until stopped. Without the token it goes on where it was."),
        _("To take the branch over: python -m branch_node standby promote"),
    ]
    command = f"python -m branch_node standby follow {token} --hq-url ..."
    return TokenPage(_("Standby for %(code)s", code=code), crumbs, token, steps, command)
