"""Charts of a paper: what the page draws by script from a table in it is drawn here as SVG from the same table. Pure.

The rules are those of charts.js: rows with data-fill are totals of a waterfall, columns have a series for each column of the
table.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import unescape

from markupsafe import Markup

CHART = re.compile(
    r'<div class="ops-chart" data-chart="(\w+)" data-table="(\w+)" role="img" aria-label="([^"]*)"></div>'
)
HEAD = re.compile(r'<th [^>]*data-fill="(\w+)"[^>]*>(.*?)</th>', re.DOTALL)
ROW = re.compile(r"<tr([^>]*)><th scope=\"row\">(.*?)</th>(.*?)</tr>", re.DOTALL)
FILL = re.compile(r'data-fill="(\w+)"')
CELL = re.compile(r'<td [^>]*?(?:data-value="(-?[\d.]+)")?>(.*?)</td>', re.DOTALL)
TAG = re.compile(r"<[^>]+>")
WIDTH, HEIGHT, TOP, BOTTOM = 760, 190, 26, 22


@dataclass(frozen=True)
class Bar:
    """A bar from one value to another with its look (ac, py, pl, fc, good, bad) and what stands above it."""

    place: float
    width: float
    low: float
    high: float
    tone: str
    shown: str = ""


@dataclass(frozen=True)
class Data:
    """A table: names of the rows and their look where they are totals ("" for the others), the look and name of each series,
    values and their texts by row; None is no value."""

    names: Sequence[str]
    totals: Sequence[str]
    series: Sequence[tuple[str, str]]
    values: Sequence[Sequence[float | None]]
    shown: Sequence[Sequence[str]]


def drawn(page: str) -> str:
    """The page with every chart of a script as SVG; one whose table is missing or empty is left out."""
    return CHART.sub(lambda found: chart(found[1], data_of(page, found[2]), unescape(found[3])), page)


def data_of(page: str, key: str) -> Data:
    """What a table of the page holds."""
    table = re.search(rf'<table [^>]*id="{key}".*?</table>', page, re.DOTALL)
    text = table[0] if table else ""
    rows = [
        (FILL.search(opening), plain(name), CELL.findall(cells)) for opening, name, cells in ROW.findall(text)
    ]
    return Data(
        [name for _, name, _ in rows],
        [fill[1] if fill else "" for fill, _, _ in rows],
        [(fill, plain(name)) for fill, name in HEAD.findall(text)],
        [[float(value) if value else None for value, _ in cells] for _, _, cells in rows],
        [[plain(shown) for _, shown in cells] for _, _, cells in rows],
    )


def plain(text: str) -> str:
    return unescape(TAG.sub("", text)).strip()


def chart(kind: str, data: Data, label: str) -> Markup:
    """The SVG of a table; nothing where there is nothing to draw."""
    bars = waterfall(data) if kind == "waterfall" else columns(data)
    if not bars:
        return Markup("")
    high, low = max(0.0, *(bar.high for bar in bars)), min(0.0, *(bar.low for bar in bars))
    scale = (HEIGHT - TOP - BOTTOM) / ((high - low) or 1.0)

    def y(value: float) -> float:
        return round(TOP + (high - value) * scale, 1)

    step = WIDTH / len(data.names)
    parts = [rect(bar, y(bar.high), y(bar.low)) for bar in bars]
    parts += [
        Markup('<text x="{}" y="{}" text-anchor="middle" font-size="9">{}</text>').format(
            round((at + 0.5) * step, 1), HEIGHT - 6, name
        )
        for at, name in enumerate(data.names)
    ]
    parts.append(
        Markup('<line class="ops-g-zero" x1="0" x2="{}" y1="{}" y2="{}"/>').format(WIDTH, y(0), y(0))
    )
    parts += legend(data) if kind == "columns" else []
    return Markup(
        '<svg class="ops-drawing" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title>{}</svg>'
    ).format(WIDTH, HEIGHT, label, label, Markup("").join(parts))


def rect(bar: Bar, top: float, bottom: float) -> Markup:
    """A bar and its text; a plan is an outline, a forecast a lighter bar with a broken one."""
    look = {
        "pl": Markup('fill="none"'),
        "fc": Markup('fill-opacity="0.4" stroke="#404040" stroke-dasharray="2"'),
    }
    drawn_bar = Markup('<rect class="ops-g-{}" {} x="{}" y="{}" width="{}" height="{}"/>').format(
        bar.tone,
        look.get(bar.tone, ""),
        round(bar.place, 1),
        top,
        round(bar.width, 1),
        round(bottom - top, 1),
    )
    if not bar.shown:
        return drawn_bar
    return drawn_bar + Markup('<text x="{}" y="{}" text-anchor="middle" font-size="9">{}</text>').format(
        round(bar.place + bar.width / 2, 1), top - 3, bar.shown
    )


def waterfall(data: Data) -> list[Bar]:
    """Totals from zero in their own look, each row between as a step from where the one before ended."""
    found: list[Bar] = []
    level, step = 0.0, WIDTH / max(len(data.names), 1)
    for at, row in enumerate(data.values):
        value = row[0] or 0.0
        total = data.totals[at]
        start, level = (0.0, value) if total else (level, level + value)
        tone = total or ("bad" if value < 0 else "good")
        width = min(step * 0.6, 60)
        place = (at + 0.5) * step - width / 2
        found.append(Bar(place, width, min(start, level), max(start, level), tone, data.shown[at][0]))
    return found


def columns(data: Data) -> list[Bar]:
    """The series of each row side by side; what has no value has no bar."""
    step = WIDTH / max(len(data.names), 1)
    width = step * 0.8 / max(len(data.series), 1)
    return [
        Bar(
            (at + 0.1) * step + nth * width,
            width * 0.9,
            min(value, 0.0),
            max(value, 0.0),
            data.series[nth][0],
        )
        for at, row in enumerate(data.values)
        for nth, value in enumerate(row)
        if value is not None
    ]


def legend(data: Data) -> list[Markup]:
    """What each look means, above the columns."""
    found = []
    for at, (tone, name) in enumerate(data.series):
        found.append(rect(Bar(at * 110, 10, 0, 0, tone), 4, 14))
        found.append(Markup('<text x="{}" y="13" font-size="9">{}</text>').format(at * 110 + 14, name))
    return found
