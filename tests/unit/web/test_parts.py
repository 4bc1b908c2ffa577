"""The macros against the real render: every part, every state, both languages."""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import Environment
from jinja2.exceptions import UndefinedError
from starlette.applications import Starlette
from starlette.requests import Request

from shared import i18n
from shared.money import Money
from shared.web import assets, graphics, parts
from shared.web.patterns.page import PARTS, render_sample, samples
from shared.web.reader import reading
from shared.web.static_files import StaticFiles
from shared.web.switch import Switch
from shared.web.templating import TEMPLATES, make_environment
from tests.support.web_site import SITE

ALL = list(samples())
STATIC = Path(assets.__file__).parent / "static"


@pytest.fixture(scope="module")
def environment() -> Environment:
    i18n.install(i18n.catalogue([Path(assets.__file__).parents[1]]))
    return make_environment([], StaticFiles([STATIC]))


@pytest.fixture(autouse=True)
def reader() -> Iterator[None]:
    """A request, as macros with forms and links need one."""
    app = Starlette()
    app.state.site = SITE
    app.state.pages = Switch([])
    app.state.settings = type("Settings", (), {"public_url": ""})()
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/patterns",
        "query_string": b"q=a",
        "headers": [],
        "app": app,
    }
    request = Request(scope)
    request.state.person = request.state.account = None
    with reading(request):
        yield


def render(environment: Environment, part: str, call: str, value: object, locale: str = "en") -> str:
    with i18n.use_locale(locale):
        source = f'{{% from "{PARTS[part]}" import {part} %}}{{{{ {call} }}}}'
        return environment.from_string(source).render(v=value)


@pytest.mark.parametrize("sample", ALL, ids=lambda sample: f"{sample.part}: {sample.state}")
@pytest.mark.parametrize("locale", ["zh_CN", "en"])
def test_every_sample_renders_without_inline_script_or_style(
    environment: Environment, sample, locale: str
) -> None:  # type: ignore[no-untyped-def]
    html = str(render_sample(environment, sample, locale))
    assert html.strip()
    assert not re.search(r"<script|<style|\sstyle=|\son\w+=|javascript:|https?://(?!www\.w3\.org)", html)
    assert "None" not in html and "%(" not in html


def test_every_macro_has_a_sample() -> None:
    inner = {"value_of", "exact_of", "row_cells", "table_rows", "head_cell", "view_tools"}
    inner |= {"described", "common", "label_text", "hint", "message", "money", "date", "pick"}
    found = {
        name
        for file in (TEMPLATES / "parts").glob("*.html")
        for name in re.findall(r"\{%-? macro (\w+)", file.read_text(encoding="utf-8"))
    }
    assert found - inner == {sample.part for sample in ALL} == set(PARTS)


def test_a_field_that_is_missing_is_an_error_not_a_blank(environment: Environment) -> None:
    class Half:
        label = "Signed"

    with pytest.raises(UndefinedError):
        render(environment, "figure", "figure(v)", Half())


@pytest.mark.parametrize(("locale", "text"), [("en", "no data"), ("zh_CN", "缺数据")])
def test_a_figure_without_data_is_never_zero_or_blank(
    environment: Environment, locale: str, text: str
) -> None:
    for state in ("normal", "partial", "no_data"):
        for kind in ("money_card", "money", "number"):
            figure = parts.Figure("Signed", None, kind, state=state)  # type: ignore[arg-type]
            html = render(environment, "figure", "figure(v)", figure, locale)
            value = re.search(r'class="ops-figure-value[^>]*>(.*?)</p>', html)[1]  # type: ignore[index]
            assert text in value and "0" not in value


def test_a_table_never_writes_zero_for_missing_money(environment: Environment) -> None:
    columns = [parts.Column("name", "Branch"), parts.Column("due", "Due", "money_plain")]
    view = parts.TableView("t", "Branches", columns, [parts.Row({"name": "Harbin", "due": None})])
    html = render(environment, "table", "table(v)", view)
    assert "no data" in html and "0.00" not in html


@given(difference=st.integers(-10_000, 10_000), better=st.sampled_from(["higher", "lower", "none"]))
def test_arrow_mark_and_hidden_word_of_a_variance_agree(difference: int, better: parts.Better) -> None:
    variance = parts.Variance(difference, "percent", better)
    assert variance.arrow == ("▲" if difference > 0 else "▼" if difference < 0 else "")
    assert (variance.side == "bad") == (
        better != "none" and difference != 0 and (difference > 0) == (better == "lower")
    )


@pytest.mark.parametrize(
    ("variance", "has", "has_not"),
    [
        (parts.Variance(390, "percent", "higher"), ["▲", "+3.9%", "favourable"], ["!", "unfavourable"]),
        (parts.Variance(780, "percent", "lower"), ["▲", "+7.8%", "unfavourable", ">!<"], []),
        (parts.Variance(-210, "points", "higher"), ["▼", "−2.1 pp", "unfavourable", ">!<"], []),
        (
            parts.Variance(Money(-500, "CNY"), "money", "lower"),
            ["▼", "−¥5.00", "favourable"],
            ["unfavourable"],
        ),
        (parts.Variance(0, "percent", "higher"), ["±0.0%"], ["favourable", "▲", "▼", "!"]),
        (parts.Variance(5, "number", "none"), ["▲", "+5"], ["favourable", "!"]),
    ],
)
def test_variance_words(environment: Environment, variance, has: list[str], has_not: list[str]) -> None:  # type: ignore[no-untyped-def]
    html = render(environment, "variance", "variance(v)", variance)
    assert all(text in html for text in has), html
    assert not any(text in html for text in has_not), html


def test_a_partial_total_names_what_is_missing(environment: Environment) -> None:
    sample = next(one for one in ALL if (one.part, one.state) == ("watermark", "partial"))
    assert "Partial: 10 of 12, Harbin at " in str(render_sample(environment, sample, "en"))
    assert "不完整：12 个中有 10 个，哈尔滨截至 " in str(render_sample(environment, sample, "zh_CN"))


def test_names_are_escaped_everywhere(environment: Environment) -> None:
    name = "<img src=x onerror=alert(1)>"
    view = parts.TableView(
        "t", name, [parts.Column("name", name)], [parts.Row({"name": name}, url="/c?a=1&b=2")]
    )
    assert "<img" not in render(environment, "table", "table(v)", view)
    assert "<img" not in render(
        environment, "figure", "figure(v)", parts.Figure(name, 1, "number", note=name)
    )


def test_a_sorted_column_says_so_and_turns_round(environment: Environment) -> None:
    columns = [parts.Column("name", "Name", sort="name"), parts.Column("due", "Due", "money", sort="due")]
    view = parts.TableView("t", "List", columns, [parts.Row({"name": "a", "due": None})], sorted_by="due")
    html = render(environment, "table", "table(v)", view)
    assert 'aria-sort="ascending"' in html
    assert 'href="/patterns?q=a&amp;sort=-due"' in html and 'href="/patterns?q=a&amp;sort=name"' in html


def test_a_total_row_cannot_be_selected(environment: Environment) -> None:
    view = parts.TableView(
        "t", "List", [parts.Column("name", "Name")], [parts.Row({"name": "a"}, id="1")],
        bulk=[parts.Action("Assign", "/assign")], total=parts.Row({"name": "Total"}, id="x", is_total=True),
    )  # fmt: skip
    assert render(environment, "table", "table(v)", view).count('name="ids"') == 1


class TestGraphics:
    def test_a_bullet_starts_at_zero_and_stays_in_its_box(self) -> None:
        shape = graphics.bullet(parts.Bullet(50, 100, 200, 100))
        assert (shape.actual, shape.plan, shape.previous) == (100.0, 200.0, 200.0)
        assert graphics.bullet(parts.Bullet(None, 10)).actual is None
        assert graphics.bullet(parts.Bullet(-5, 10)).actual == 0

    def test_a_gap_stays_a_gap(self) -> None:
        shape = graphics.spark([1, 2, None, 3])
        assert [len(line.split()) for line in shape.lines] == [2, 1]
        assert graphics.spark([None, None]).last is None

    @given(st.lists(st.integers(0, 10**9), min_size=1, max_size=9))
    def test_stacked_pieces_join_and_fill_the_bar(self, values: list[int]) -> None:
        pieces = graphics.stacked([parts.Share("a", value, str(value), "age0") for value in values])
        assert len(pieces) == sum(value > 0 for value in values)
        for left, right in pairwise(pieces):
            assert abs(left.x + left.width - right.x) < 0.02
        if pieces:
            assert abs(pieces[-1].x + pieces[-1].width - 100) < 0.02


def test_every_status_word_is_in_the_sprite() -> None:
    icons = set(assets.ICONS)
    assert {shape.icon for shape in parts.STATUSES.values()} <= icons


def test_every_icon_that_templates_name_is_in_the_sprite() -> None:
    project = Path(assets.__file__).parents[2]
    named = {
        name
        for site in ("shared", "branch_node", "hq", "netops")
        for file in (project / site).rglob("*.html")
        for name in re.findall(r'icon\("([a-z0-9-]+)"', file.read_text(encoding="utf-8"))
    }
    assert named <= set(assets.ICONS)


def test_the_parts_are_frozen() -> None:
    with pytest.raises(AttributeError):
        parts.Status("ok").key = "failed"  # type: ignore[misc]
    assert replace(parts.Status("ok"), key="failed").key == "failed"


def test_a_dash_stands_where_nothing_is_missing(environment: Environment) -> None:
    """No target was set: that is no gap in the data, and the page does not say so."""
    columns = [
        parts.Column("name", "Branch"),
        parts.Column("target", "Target", "money_plain", is_dashed=True),
    ]
    view = parts.TableView("t", "Targets", columns, [parts.Row({"name": "Paris", "target": None})])
    html = render(environment, "table", "table(v)", view)
    assert "—" in html and "no data" not in html


def test_every_summary_of_errors_names_the_fields() -> None:
    """Three times "Enter this" tells nobody where. A page whose messages name their field themselves is listed."""
    own_words = {"shared/web/me/sign_in.html", "branch_node/bulk.html", "branch_node/plans/day.html"}
    project = Path(assets.__file__).parents[2]
    nameless = [
        name
        for site in ("shared/web/me", "branch_node", "hq")
        for path in (project / site).rglob("*.html")
        if re.search(r"error_summary\([\w.]+\)", path.read_text("utf-8"))
        and (name := path.relative_to(project).as_posix()) not in own_words
    ]
    assert nameless == []
