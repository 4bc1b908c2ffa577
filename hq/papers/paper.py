"""One or several views as one paper: what stands at its head and foot, and the PDF of it."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from markupsafe import Markup
from starlette.applications import Starlette

from hq.asking import branches_of, house_of, instant_of, within
from hq.figures.freshness import Directory, directory
from hq.figures.people import place_of
from hq.figures.shape import Question, Unit, parse_unit
from hq.figures.words import freshness, scope_of_branches
from hq.papers.views import view_of
from shared import clock
from shared.i18n import gettext as _
from shared.i18n import use_locale
from shared.permissions import Person
from shared.web.filters import instant
from shared.web.pdf import write_pdf
from shared.web.reader import reader_zone, reading_in

CSS = (Path(__file__).resolve().parent / "paper.css").read_text()
DRAWN = re.compile(r"(<svg\b[^>]*>)")
DRAWING = "<style>.ops-g-ac,.ops-g-done{fill:#404040}.ops-g-py,.ops-g-none{fill:#c4c4c4}.ops-g-track{fill:#f1f1f1}.ops-g-pl,.ops-g-zero{stroke:#000}.ops-g-muted{fill:#c4c4c4}.ops-g-good,.ops-g-fc{fill:#0b5cad}.ops-g-bad{fill:#b3261e}.ops-g-ok{fill:#1a7431}.ops-g-age0{fill:#c9dcf2}.ops-g-age1{fill:#93b9e3}.ops-g-age2{fill:#5c93cf}.ops-g-age3{fill:#2c6cb0}.ops-g-age4{fill:#0d3f75}.ops-g-last{stroke:#0b5cad;stroke-width:4}polyline{fill:none;stroke:#404040;stroke-width:1}</style>"
_at_once = asyncio.Semaphore(1)


@dataclass(frozen=True)
class Sheet:
    """One view on a paper: its words and figures, whom it covers, how complete its data is, what was asked, where it stands."""

    body: Markup
    title: str
    scope: str
    completeness: str
    asked: str
    place: str


@dataclass(frozen=True)
class Paper:
    """papers/paper.html."""

    lang: str
    company: str
    made_by: str
    made_at: datetime
    zone: str
    css: Markup
    sheets: Sequence[Sheet]


async def sheet_of(
    site: Starlette, address: str, person: Person, locale: str, *, for_screen: bool = False
) -> Sheet:
    """A view with its watermark. NotFound and NotAllowed as the view itself."""
    view = await view_of(site, address, person, locale, for_screen=for_screen)
    with use_locale(locale), reading_in(person.timezone, site.state.site.base_currency):
        scope, known = await covered(site, address, person, view.permission, locale)
        body = view.body if for_screen else Markup(DRAWN.sub(rf"\1{DRAWING}", view.body))
        place = site.state.settings.public_url.rstrip("/") + address
        return Sheet(body, view.title, scope, freshness(known.marks), asked(place), place)


async def branches_seen(site: Starlette, person: Person, permission: str, locale: str) -> Directory:
    """The branches that a person sees with a right, as fresh as they are now."""
    house = house_of(site.state.settings)
    return await directory(Question(branches=branches_of(person, permission), locale=locale, house=house))


async def covered(
    site: Starlette, address: str, person: Person, permission: str, locale: str
) -> tuple[str, Directory]:
    """Whom an address is about, in words, and the branches that this comes from. NotFound outside the person's reach."""
    parts, params = urlsplit(address), params_of(address)
    codes = within(branches_of(person, permission), params.get("within", ""))
    unit = parse_unit(params.get("unit", ""))
    if parts.path.startswith("/branches/"):
        unit = Unit("branch", parts.path.removeprefix("/branches/"))
    question = Question(branches=codes, unit=unit, locale=locale, house=house_of(site.state.settings))
    known = await directory(question)
    if unit.kind in ("company", "region"):
        return scope_of_branches(question, [branch.name for branch in known.branches]), known
    found = await place_of(unit, known)
    return found.name, await directory(replace(question, branches=frozenset({found.branch.code})))


def params_of(address: str) -> dict[str, str]:
    """The query of an address; of a name given twice the last."""
    return {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}


def asked(address: str) -> str:
    """The days, moment and currency that an address names; empty for the view's own."""
    params = params_of(address)
    known_at = instant_of(params, "known_at", reader_zone().key)
    days = params.get("period") or " – ".join(params[name] for name in ("from", "to") if name in params)
    known = [
        _("days %(days)s", days=days) if days else "",
        _("as of %(day)s", day=params["as_of"]) if "as_of" in params else "",
        _("as known at %(time)s", time=instant(known_at)) if known_at else "",
        _("amounts in %(currency)s", currency=params["currency"]) if "currency" in params else "",
    ]
    return _(", ").join(one for one in known if one)


def page_of(site: Starlette, sheets: Sequence[Sheet], made_by: str, locale: str, zone: str) -> str:
    """The paper as one page of html that needs nothing else."""
    with use_locale(locale), reading_in(zone, site.state.site.base_currency):
        company = site.state.settings.company_name or _("Headquarters")
        paper = Paper(locale, company, made_by, clock.now(), reader_zone().key, Markup(CSS), sheets)
        template = site.state.templates.get_template("papers/paper.html")
        return str(template.render(page=paper))


async def pdf_of(site: Starlette, address: str, person: Person, locale: str) -> bytes:
    """One view as PDF, for one person. Unavailable without Pango."""
    return await pdf_from(site, [await sheet_of(site, address, person, locale)], person, locale)


async def pdf_from(site: Starlette, sheets: Sequence[Sheet], person: Person, locale: str) -> bytes:
    """Views as one PDF, one after the other; one PDF is written at a time. Unavailable without Pango."""
    html = page_of(site, sheets, person.name, locale, person.timezone)
    async with _at_once:
        return await asyncio.to_thread(write_pdf, html)
