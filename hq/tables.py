"""Figures as parts of pages: tables, cards, watermarks and the links that lead from a number to what makes it up."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode

from hq.figures.export import label_of
from hq.figures.shape import Column, Figure, Line, Watermark
from hq.figures.words import completeness
from shared.i18n import gettext as _
from shared.money import Money
from shared.web import parts
from shared.web.filters import money_unit
from shared.web.parts import Link, Missing, Row, TableView
from shared.web.templating import with_query

NAMED_MISSING = 2

Drill = Callable[[Line, str], str]
"""The address behind a number: its line and column key; "" for none."""


def mark_of(mark: Watermark, url: str = "") -> parts.Watermark:
    """How far one branch's data reaches, as a part."""
    return parts.Watermark(mark.state, mark.complete_to, url=url)


def total_mark(figure: Figure, url: str = "/branches") -> parts.Watermark:
    """How complete a total is: complete to the oldest moment, or partial with who is missing."""
    return total_of(figure.watermarks, bool(figure.missing_rates), url)


def total_of(marks: Sequence[Watermark], lacks_rate: bool = False, url: str = "/branches") -> parts.Watermark:
    """The same for any set of branches; one branch speaks for itself."""
    if len(marks) == 1 and not lacks_rate:
        return mark_of(marks[0])
    stale = [mark for mark in marks if not mark.is_current]
    if not stale and not lacks_rate:
        times = [mark.complete_to for mark in marks if mark.complete_to]
        return parts.Watermark("complete", min(times) if times else None)
    if stale and all(mark.state == "unproven" for mark in stale):
        return parts.Watermark("unproven", url=url)
    missing = [Missing(mark.name, mark.complete_to) for mark in stale[:NAMED_MISSING]]
    return parts.Watermark("partial", have=len(marks) - len(stale), of=len(marks), missing=missing, url=url)


@dataclass(frozen=True)
class Look:
    """How a figure is laid out: which columns, how its money is written, where its numbers lead, how it is sorted.

    `big` writes money in 万 or thousands; `phone` are the columns kept on a narrow screen.
    """

    key: str
    caption: str
    keys: Sequence[str]
    big: bool = True
    drill: Drill = lambda line, key: ""
    open_row: Callable[[Line], str] = lambda line: ""
    phone: Sequence[str] = ()
    dashed: Sequence[str] = ()
    shows_mark: bool = True
    first_label: str = ""
    extra: Sequence[parts.Column] = ()
    extra_cells: Callable[[Line], Mapping[str, Any]] = lambda line: {}
    sort: str = ""
    can_sort: bool = True
    page_rows: int = 50


def cell_of(column: Column, line: Line) -> Any:
    """A value as a table cell; an amount that could not be converted is unknown here."""
    value = line.values.get(column.key)
    if column.kind == "money" and isinstance(value, int):
        return None if line.is_left_out else Money(value, line.currency)
    return value


def table_of(figure: Figure, look: Look, *, is_ranked: bool = True) -> TableView:
    """The table of a figure: the head office first, unreachable branches last, the total below.

    Branches that are not sorted by the reader keep the order of the figure. Paging is by ?offset=.
    """
    columns = [column for key in look.keys for column in figure.columns if column.key == key]
    marks = {mark.branch: mark for mark in figure.watermarks}
    lines = sort_lines(figure.rows, look.sort, marks, has_branches=is_ranked)
    offset = figure.question.offset if is_ranked else 0
    shown = lines[offset : offset + look.page_rows] if is_ranked else list(lines)
    count = figure.row_count if figure.row_count is not None else len(lines)
    following, previous = pages(figure.question.offset, look.page_rows, count)
    has_marks = look.shows_mark and len(figure.watermarks) > 1
    heads = [
        parts.Column(
            "name",
            look.first_label or _("Branch"),
            "text",
            sort="name" if look.can_sort else "",
            phone="head",
        )
    ]
    if has_marks:
        heads.append(parts.Column("mark", _("As of"), "watermark", phone="second"))
    heads += look.extra
    heads += [head_of(column, figure, look) for column in columns]
    rows = [row_of(line, columns, look, marks, has_marks) for line in shown]
    total = total_row(figure, columns, look, has_marks)
    return TableView(
        key=look.key,
        caption=look.caption,
        columns=heads,
        rows=rows,
        sorted_by=look.sort,
        count=parts.Count(count),
        next_url=following,
        previous_url=previous,
        total=total,
        exports=exports(figure),
        empty=parts.Empty("nothing", _("Nothing happened here in these days.")),
    )


def titled(text: str) -> str:
    """A word of a sentence (a stage, a state) as a heading."""
    return text[:1].upper() + text[1:]


def head_of(column: Column, figure: Figure, look: Look) -> parts.Column:
    """The head of a column with its unit."""
    kinds: Mapping[str, parts.Kind] = {
        "money": "money_big" if look.big else "money_plain",
        "count": "number",
        "share": "percent",
        "day": "day",
        "instant": "instant",
        "text": "text",
    }
    unit = money_unit(figure.total.currency, big=look.big) if column.kind == "money" else ""
    return parts.Column(
        column.key,
        titled(label_of(column)),
        kinds[column.kind],
        sort=column.key if look.can_sort else "",
        unit=unit,
        title=_(column.title) if column.title else "",
        phone="second" if column.key in look.phone else "rest",
        better=column.better,
        is_dashed=column.key in look.dashed,
    )


def row_of(
    line: Line, columns: Sequence[Column], look: Look, marks: Mapping[str, Watermark], has_marks: bool
) -> Row:
    """One line as a row."""
    name = (
        f"{line.name} ({_('no rate for %(currency)s', currency=line.currency)})"
        if line.is_left_out
        else line.name
    )
    cells: dict[str, Any] = {"name": name, **look.extra_cells(line)}
    if has_marks:
        cells["mark"] = mark_of(marks[line.branch]) if line.branch in marks else None
    links = {}
    for column in columns:
        cells[column.key] = cell_of(column, line)
        url = look.drill(line, column.key) if line.values.get(column.key) is not None else ""
        if url:
            links[column.key] = url
    is_muted = line.state in ("unreachable", "never")
    return Row(cells, id=row_id(line), url=look.open_row(line), is_muted=is_muted, links=links)


def row_id(line: Line) -> str:
    """What keeps a row in place when it changes."""
    return line.unit.replace(":", "-")


def total_row(figure: Figure, columns: Sequence[Column], look: Look, has_marks: bool) -> Row:
    """The total below the rows."""
    cells: dict[str, Any] = {"name": _("Total"), **{column.key: None for column in look.extra}}
    cells |= {column.key: cell_of(column, figure.total) for column in columns}
    if has_marks:
        cells["mark"] = replace(total_mark(figure, url=""), missing=())
    return Row(cells, id="total", is_total=True)


def sort_lines(
    lines: Sequence[Line], sort: str, marks: Mapping[str, Watermark], *, has_branches: bool
) -> list[Line]:
    """Head office first, then by the column asked for; branches without contact or data always last, unranked."""
    if not has_branches:
        return list(lines)
    key, is_down = sort.removeprefix("-"), sort.startswith("-")

    def place(line: Line) -> tuple[Any, ...]:
        if line.branch == "HQ":
            return (0, 0, "")
        if line.state in ("unreachable", "never"):
            return (2, 0, line.branch)
        number = line.number(key)
        if not key or key == "name":
            return (1, 0, line.branch)
        if number is None:
            return (1, float("inf"), line.branch)
        return (1, -number if is_down else number, line.branch)

    return sorted(lines, key=place)


def pages(offset: int, size: int, count: int) -> tuple[str, str]:
    """The addresses of the next and previous page."""
    following = with_query(offset=offset + size) if offset + size < count else ""
    previous = with_query(offset=max(offset - size, 0) or None) if offset else ""
    return following, previous


def exports(figure: Figure) -> list[Link]:
    """CSV and XLSX of what is shown, all rows of it."""
    question = figure.question
    asked = {name: value for name, value in question.asked().items() if value and name != "unit"}
    if question.unit.kind != "company":
        asked["unit"] = str(question.unit)
    if question.by:
        asked["by"] = question.by
    if question.left_out:
        asked["without"] = ",".join(sorted(question.left_out))
    if figure.name == "targets":
        asked["measure"] = question.measure
    return [
        Link(name, f"/api/v1/figures/{figure.name}?{urlencode({**asked, 'format': kind})}")
        for name, kind in ((_("CSV"), "csv"), (_("XLSX"), "xlsx"))
    ]


def url_with(path: str, **params: Any) -> str:
    """An address with these parameters; None and empty ones are left out."""
    kept = {name.rstrip("_"): value for name, value in params.items() if value not in (None, "")}
    return f"{path}?{urlencode(kept)}" if kept else path


def unit_urls(path: str, **params: Any) -> Callable[[str], str]:
    """Gives the address of a page for each unit of a list; what is the same for all of them is written once."""
    rest = url_with("", **params).replace("?", "&", 1)
    return lambda unit: f"{path}?unit={quoted(unit)}{rest}"


@lru_cache(maxsize=8_192)
def quoted(unit: str) -> str:
    """A unit as an address carries it."""
    return quote_plus(unit)


def sentence(figure: Figure) -> str:
    """How complete the figure is, as the page says it."""
    return completeness(figure)
