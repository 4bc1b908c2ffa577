"""The patterns page: every part in every state, both languages side by side, with the call beside it.

Each sample is rendered by the real macros. The page is for developers and administrators; the tests look at it
with axe, and check that every macro of templates/parts has a sample.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from jinja2 import Environment
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from shared.i18n import gettext, use_locale
from shared.web.forms import empty_form
from shared.web.live import Push, live, partial
from shared.web.palette import initials_of
from shared.web.parts import Option
from shared.web.patterns import figures, forms, frame, history, lists, words
from shared.web.patterns.base import FORMATS, Sample
from shared.web.responses import page, part, redirect
from shared.web.routing import Route

PARTS = {
    "dash": "parts/page.html",
    "action": "parts/page.html",
    "page_header": "parts/page.html",
    "empty": "parts/page.html",
    "confirm": "parts/page.html",
    "toast": "parts/page.html",
    "status_line": "parts/page.html",
    "steps": "parts/page.html",
    "tabs": "parts/page.html",
    "status": "parts/status.html",
    "watermark": "parts/status.html",
    "variance": "parts/status.html",
    "figure": "parts/figures.html",
    "bullet_bar": "parts/graphics.html",
    "sparkline": "parts/graphics.html",
    "stacked_bar": "parts/graphics.html",
    "state_strip": "parts/graphics.html",
    "comparison": "parts/graphics.html",
    "table": "parts/table.html",
    "filters": "parts/form.html",
    "field": "parts/form.html",
    "error_summary": "parts/form.html",
    "buttons": "parts/form.html",
    "pick_options": "parts/form.html",
    "timeline": "parts/history.html",
    "audit": "parts/history.html",
    "job": "parts/history.html",
    "coverage": "parts/history.html",
    "proof": "parts/proof.html",
}


SUBJECTS = (
    words.word_samples,
    figures.figure_samples,
    figures.graphic_samples,
    lists.table_samples,
    forms.form_samples,
    frame.page_samples,
    history.history_samples,
)


@dataclass(frozen=True)
class Shown:
    """A sample as both readers see it, and how it is called."""

    state: str
    call: str
    chinese: Markup
    english: Markup


@dataclass(frozen=True)
class Section:
    """All samples of one part."""

    name: str
    shown: Sequence[Shown]


@dataclass(frozen=True)
class FormatRow:
    """A filter with what it writes in both languages."""

    call: str
    chinese: str
    english: str


@dataclass(frozen=True)
class PatternsPage:
    """What patterns.html receives."""

    sections: Sequence[Section]
    formats: Sequence[FormatRow]


def samples() -> Iterator[Sample]:
    """All of them, in the order of the page."""
    for subject in SUBJECTS:
        yield from subject()


def render_sample(environment: Environment, sample: Sample, locale: str) -> Markup:
    """The html of a sample in one language. Raises UndefinedError when the dataclass does not fit the macro."""
    with use_locale(locale):
        source = f'{{% from "{PARTS[sample.part]}" import {sample.part} %}}{sample.call}'
        values = {"v": sample.make(locale), "empty": empty_form()}
        return Markup(environment.from_string(source).render(values))


def patterns_page(environment: Environment) -> PatternsPage:
    """Everything on the page."""
    sections: dict[str, list[Shown]] = {}
    for sample in samples():
        sections.setdefault(sample.part, []).append(
            Shown(
                sample.state,
                sample.call,
                render_sample(environment, sample, "zh_CN"),
                render_sample(environment, sample, "en"),
            )
        )
    return PatternsPage([Section(name, shown) for name, shown in sections.items()], format_rows(environment))


def format_rows(environment: Environment) -> list[FormatRow]:
    """The number formats, written by the filters themselves."""
    rows = []
    for call, value in FORMATS:
        texts = []
        for locale in ("zh_CN", "en"):
            with use_locale(locale):
                texts.append(environment.from_string("{{ v | " + call + " }}").render(v=value))
        rows.append(FormatRow(call, texts[0], texts[1]))
    return rows


async def show_patterns(request: Request) -> Response:
    return page(request, "patterns.html", patterns_page(request.app.state.templates))


async def push_pattern(request: Request) -> Response:
    """Change what the live corner shows, on all open patterns pages."""
    state = request.app.state
    state.pattern_count = getattr(state, "pattern_count", 0) + 1
    state.hub.publish("patterns")
    return redirect("/patterns", toast=gettext("Pushed"))


async def stream_patterns(request: Request) -> Response:
    """The live corner: one stream, two places."""

    async def render(_changed: object) -> Sequence[Push]:
        count = getattr(request.app.state, "pattern_count", 0)
        return [partial("#live-count", str(count)), partial("#live-twice", str(count * 2))]

    return live(request, topics=["patterns"], render=render, interval_seconds=0.2)


@dataclass(frozen=True)
class PickPage:
    """Hits of a typeahead field."""

    hits: Sequence[Option]


async def pick_pattern(request: Request) -> Response:
    """The typeahead of the page: names that contain what was typed, or whose pinyin initials begin with it."""
    typed = request.query_params.get("q", "").strip().casefold()
    names = ("华东机电", "恒达贸易", "East Motors", "Hengda Trading")
    hits = [
        Option(f"c-{number}", name, f"C-00{number}")
        for number, name in enumerate(names, 1)
        if typed and (typed in name.casefold() or initials_of(name).startswith(typed))
    ]
    return part(request, "pick.html", PickPage(hits[:8]))


ROUTES = [
    Route("GET", "/patterns", show_patterns, "settings.edit"),
    Route("GET", "/patterns/pick", pick_pattern, "settings.edit"),
    Route("POST", "/patterns/push", push_pattern, "settings.edit"),
    Route("GET", "/patterns/live", stream_patterns, "settings.edit"),
]
