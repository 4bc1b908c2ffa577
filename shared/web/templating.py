"""The one Jinja2 environment of a site: autoescape, StrictUndefined, translated texts, filters, functions."""

from collections.abc import MutableMapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemBytecodeCache, FileSystemLoader, StrictUndefined
from jinja2.bccache import Bucket
from markupsafe import Markup

from shared import clock, i18n
from shared.ids import new_id
from shared.web import csrf, graphics, marks, rows
from shared.web.filters import FILTERS
from shared.web.once import FIELD as ONCE_FIELD
from shared.web.parts import STATUSES, TEMPLATE_CLASSES, Action, status_word
from shared.web.reader import current_request, may_open
from shared.web.static_files import StaticFiles

TEMPLATES = Path(__file__).resolve().parent / "templates"


class CompiledTemplates(FileSystemBytecodeCache):
    """Compiled templates in a folder, under a name made of the template's path and checked by its text. A disk that is full or
    read-only only means that they are compiled anew."""

    def __init__(self, folder: Path) -> None:
        with suppress(OSError):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        super().__init__(str(folder))

    def load_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().load_bytecode(bucket)

    def dump_bytecode(self, bucket: Bucket) -> None:
        with suppress(OSError):
            super().dump_bytecode(bucket)


class Templates(Environment):
    """Templates that have the environment's functions and no others: Jinja2 compares what each has beside them by walking through a
    chain of mappings, at every import of a macro."""

    def make_globals(self, d: MutableMapping[str, Any] | None) -> MutableMapping[str, Any]:
        return super().make_globals(d) if d else self.globals


def make_environment(roots: Sequence[Path], static: StaticFiles, compiled: Path | None = None) -> Environment:
    """Templates are looked up in the site's folders first, then among the shared ones; `compiled` is the folder where they are
    kept compiled: to compile one takes 20 to 60 ms and leaves its memory behind."""
    environment = Templates(
        loader=FileSystemLoader([*map(str, roots), str(TEMPLATES)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        cache_size=1_000,
        auto_reload=False,
        bytecode_cache=CompiledTemplates(compiled) if compiled else None,
    )
    environment.filters.update(FILTERS)
    icon = Icons(static)
    words = marks.Marks(icon)
    environment.globals.update(
        _=i18n.gettext,
        ngettext=i18n.ngettext,
        pgettext=i18n.pgettext,
        active_locale=i18n.active_locale,
        csrf=csrf_input,
        once=once_input,
        csrf_token=lambda: csrf.page_token(current_request()),
        static=static.url,
        icon=icon,
        now=clock.now,
        page_tools=page_tools,
        may_open=may_open,
        with_query=with_query,
        query_pairs=query_pairs,
        graphics=graphics,
        marks=words,
        draw=marks,
        table_rows=lambda view: rows.table_rows(view, words),
        row_cells=lambda view, row: rows.row_cells(view, row, words),
        STATUSES=STATUSES,
        status_word=status_word,
        **{made.__name__: made for made in TEMPLATE_CLASSES},
    )
    return environment


def csrf_input() -> Markup:
    """The hidden field that every posting form carries."""
    token = csrf.page_token(current_request())
    return Markup('<input type="hidden" name="{}" value="{}">').format(csrf.FIELD, token)


def once_input() -> Markup:
    """The hidden field that makes a form safe to send twice."""
    sent = getattr(current_request().state, "sent_client_id", "")
    return Markup('<input type="hidden" name="{}" value="{}">').format(ONCE_FIELD, sent or new_id())


def page_tools() -> Sequence[Action]:
    """What the site offers at the head of the present page."""
    request = current_request()
    site = request.app.state.site
    return site.tools(request) if site.tools is not None else ()


class Icons:
    """`icon("cash")`: an icon of the sprite; with a label it is an image, without it decoration. A page has some hundred of them, so
    the plain ones are kept."""

    def __init__(self, static: StaticFiles) -> None:
        self.static = static
        self.sprite = ""
        self.plain: dict[tuple[str, str], Markup] = {}

    def __call__(self, name: str, label: str = "", css: str = "") -> Markup:
        sprite = self.static.url("vendor/icons.svg")
        if sprite != self.sprite:
            self.sprite = sprite
            self.plain.clear()
        if label:
            return self.made(name, Markup('role="img" aria-label="{}"').format(label), css)
        held = self.plain.get((name, css))
        if held is None:
            held = self.plain[name, css] = self.made(name, Markup('aria-hidden="true"'), css)
        return held

    def made(self, name: str, role: Markup, css: str) -> Markup:
        return Markup('<svg class="icon {}" {} width="16" height="16"><use href="{}#{}"/></svg>').format(
            css, role, self.sprite, name
        )


def with_query(url: str = "", **changes: Any) -> str:
    """The present address (or `url`) with some query parameters changed; None removes one.

    Drill links and sort links keep period, branch and filters this way. What a stream at /live/staff draws leads to /staff.
    """
    request = current_request()
    pairs = [(name, value) for name, value in request.query_params.multi_items() if name not in changes]
    for name, value in changes.items():
        if value is not None:
            pairs.extend(
                (name, str(item)) for item in (value if isinstance(value, (list, tuple)) else [value])
            )
    query = urlencode(pairs)
    base = url or request.url.path.removeprefix("/live")
    return f"{base}?{query}" if query else base


def query_pairs(*without: str) -> list[tuple[str, str]]:
    """The parameters of the present address for the hidden fields of a GET form, except the named ones."""
    return [pair for pair in current_request().query_params.multi_items() if pair[0] not in without]
