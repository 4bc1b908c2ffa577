"""The parts that a page writes some hundred times, as html: words with a shape (status, watermark, variance) and the small charts
of a row. Written in Python for that reason; the macros of parts/status.html and parts/graphics.html give them their names.

Colour is only the third carrier of meaning; every width is an attribute and every chart has its words. Whatever comes from
outside is escaped here.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup, escape

from shared.i18n import gettext as _
from shared.i18n import pgettext
from shared.web import graphics
from shared.web.filters import as_of, money, money_big, money_card, number, percent, points
from shared.web.parts import STATUSES, Bar, Bullet, Cell, Status, Variance, Watermark, status_word

NONE = '<span class="ops-none">—</span>'
Icon = Callable[[str], str]

DIFFERENCES: Mapping[str, Callable[[Any], str]] = {
    "money": lambda value: money(value, signed=True),
    "money_big": lambda value: money_big(value, signed=True),
    "money_card": lambda value: money_card(value, signed=True),
    "percent": lambda value: percent(value, signed=True),
    "number": lambda value: number(value, signed=True),
    "points": points,
}


class Marks:
    """Words with a shape, with the icons of one site."""

    def __init__(self, icon: Icon) -> None:
        self.icon = icon

    def status(self, status: str | Status) -> Markup:
        """A state of something with its note."""
        key, note = (status, "") if isinstance(status, str) else (status.key, status.note)
        shape = STATUSES[key]
        more = f" <small>{escape(note)}</small>" if note else ""
        return Markup(
            f'<span class="ops-status ops-tone-{shape.tone}" data-status="{escape(key)}">{self.icon(shape.icon)}'
            f"{escape(status_word(key))}{more}</span>"
        )

    def watermark(self, mark: Watermark) -> Markup:
        """How fresh a figure is, with the way to the details where there is one."""
        shape = STATUSES[mark.state]
        word = _("details") if mark.url else ""
        more = f' <a href="{escape(mark.url)}">{escape(word)}</a>' if mark.url else ""
        return Markup(
            f'<span class="ops-mark ops-tone-{shape.tone}" data-mark="{mark.state}">{self.icon(shape.icon)}'
            f"{said(mark)}{more}</span>"
        )

    def variance(self, variance: Variance, better: str = "") -> Markup:
        """A difference with its sign, arrow and side; `better` puts it on another side than its own."""
        if variance.value is None:
            return Markup(NONE)
        side = variance.side_if(better or variance.better)
        arrow = f'<span aria-hidden="true">{variance.arrow}</span> ' if variance.arrow else ""
        reference = f" <small>{escape(variance.reference)}</small>" if variance.reference else ""
        return Markup(
            f'<span class="ops-variance{f" ops-tone-{side}" if side else ""}">{arrow}'
            f"{escape(DIFFERENCES[variance.kind](variance.value))}{side_words(side)}{reference}</span>"
        )


def said(mark: Watermark) -> str:
    """The words of a watermark, escaped."""
    if mark.state == "partial":
        count = _(": %(have)s of %(of)s", have=mark.have, of=mark.of) if mark.of is not None else ""
        text = _("Partial") + count
        for place, missing in enumerate(mark.missing):
            text += _(", ") if place else pgettext("after a count", ", ")
            text += (
                _("%(branch)s at %(time)s", branch=missing.name, time=as_of(missing.as_of))
                if missing.as_of
                else _("%(branch)s without data", branch=missing.name)
            )
        return escape(text)
    if mark.state == "unreachable":
        return escape(
            _("unreachable") + (_(", as of %(time)s", time=as_of(mark.as_of)) if mark.as_of else "")
        )
    if mark.state == "never":
        return escape(_("never seen"))
    word = (
        _("Complete")
        if mark.state == "complete"
        else _("unproven")
        if mark.state == "unproven"
        else status_word(mark.state)
    )
    return f"{escape(word)}{moment(mark.as_of)}"


def moment(at: datetime | None) -> str:
    """A moment behind a word; nothing for none."""
    return f' <time datetime="{at.isoformat()}">{escape(as_of(at))}</time>' if at else ""


def side_words(side: str) -> str:
    """The sign and the hidden word for a side."""
    if not side:
        return ""
    word = _("unfavourable") if side == "bad" else _("favourable")
    bang = '<b class="ops-bang" aria-hidden="true">!</b>' if side == "bad" else ""
    return f'{bang}<span class="visually-hidden"> {escape(word)}</span>'


def drawing(css: str, box: str, label: str, shapes: str, *, keeps_ratio: bool = False) -> Markup:
    """A chart with its words."""
    words = escape(label)
    ratio = "" if keeps_ratio else ' preserveAspectRatio="none"'
    return Markup(
        f'<svg class="{css}" viewBox="0 0 {box}"{ratio} role="img" aria-label="{words}"><title>{words}</title>{shapes}</svg>'
    )


def bullet_bar(bullet: Bullet) -> Markup:
    """Actual, plan mark, previous year behind."""
    shape = graphics.bullet(bullet)
    parts = ['<rect class="ops-g-track" x="0" y="0" width="200" height="16"/>']
    if shape.previous is not None:
        parts.append(f'<rect class="ops-g-py" x="0" y="1" width="{shape.previous}" height="14"/>')
    if shape.actual is not None:
        parts.append(f'<rect class="ops-g-ac" x="0" y="4" width="{shape.actual}" height="8"/>')
    if shape.plan is not None:
        parts.append(f'<line class="ops-g-pl" x1="{shape.plan}" x2="{shape.plan}" y1="0" y2="16"/>')
    return drawing("ops-bullet", "200 16", bullet.label, "".join(parts))


def sparkline(values: Sequence[int | None], label: str = "") -> Markup:
    """The shape of a series; nothing where nothing is known."""
    shape = graphics.spark(values)
    if shape.last is None:
        return Markup("")
    zero, (x, y) = shape.zero, shape.last
    line = f'<line class="ops-g-zero" x1="0" x2="100" y1="{zero}" y2="{zero}"/>' if zero is not None else ""
    runs = "".join(f'<polyline points="{points}"/>' for points in shape.lines)
    end = f'<line class="ops-g-last" x1="{x}" y1="{y}" x2="{x}" y2="{y}"/>'
    return drawing("ops-spark", "100 24", label, line + runs + end)


def state_strip(cells: Sequence[Cell], label: str) -> Markup:
    """States one after the other."""
    paths = "".join(f'<path class="ops-g-{shape.tone}" d="{shape.path}"/>' for shape in graphics.strip(cells))
    return drawing("ops-strip", f"{len(cells) * 4} 12", label, paths, keeps_ratio=True)


def comparison(rows: Sequence[Bar], scale: int, difference_scale: int, label: str) -> Markup:
    """Actual solid, plan tick, previous year behind; absolute variance from the middle. One scale for the page."""
    parts = [compared(row, place * 20, scale, difference_scale) for place, row in enumerate(rows)]
    height = len(rows) * 20
    zero = f'<line class="ops-g-zero" x1="320" x2="320" y1="0" y2="{height}"/>'
    return drawing("ops-compare", f"420 {height}", label, "".join(parts) + zero, keeps_ratio=True)


def compared(row: Bar, y: int, scale: int, difference_scale: int) -> str:
    """One row of a comparison."""
    found = ""
    if row.previous is not None:
        width = graphics.position(row.previous, scale)
        found += f'<rect class="ops-g-py" x="0" y="{y + 2}" width="{width}" height="16"/>'
    if row.actual is not None:
        tone, width = "muted" if row.is_muted else "ac", graphics.position(row.actual, scale)
        found += f'<rect class="ops-g-{tone}" x="0" y="{y + 5}" width="{width}" height="10"/>'
    if row.plan is not None:
        x = graphics.position(row.plan, scale)
        found += f'<line class="ops-g-pl" x1="{x}" x2="{x}" y1="{y + 1}" y2="{y + 19}"/>'
        if row.actual is not None:
            left, width = graphics.signed_position(row.actual - row.plan, difference_scale, 180)
            tone = "good" if row.actual >= row.plan else "bad"
            found += f'<rect class="ops-g-{tone}" x="{230 + left}" y="{y + 5}" width="{width}" height="10"/>'
    return found
