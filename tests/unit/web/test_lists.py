"""Keyset pages, capped counts, columns, saved views and files of lists."""

import csv
import io
import tracemalloc
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from fractions import Fraction
from itertools import chain
from pathlib import Path
from typing import Any
from uuid import UUID

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response

from shared import clock, i18n
from shared.clock import FixedClock
from shared.database import Database, execute, execute_many, fetch_all
from shared.errors import Invalid
from shared.ids import new_id
from shared.money import Money
from shared.web import export as exports
from shared.web.export import (
    Heading,
    csv_chunks,
    export,
    head_of,
    in_order,
    neutral,
    with_currency,
    write_xlsx,
)
from shared.web.keyset import Cut, Sort, capped_count, paging, read_cursor
from shared.web.lists import split_columns, view_query
from shared.web.parts import Column, Status
from shared.web.routing import SIGNED_IN, Route
from tests.support.web_site import Visitor, tea_app, visitor_of

AT = datetime(2026, 11, 22, 6, 5, tzinfo=UTC)
SORTS = {"name": Sort("name"), "size": Sort("coalesce(size, -1)", int)}


@pytest.fixture
async def cups(database: Database) -> None:
    """23 cups, many of the same size, some without one."""
    await execute("CREATE TABLE cups (id VARCHAR(36) PRIMARY KEY, name VARCHAR(20), size BIGINT)")
    rows = [
        {
            "id": str(UUID(int=number)),
            "name": f"cup {number:02d}",
            "size": None if number % 7 == 0 else number % 3,
        }
        for number in range(23)
    ]
    await execute_many("INSERT INTO cups (id, name, size) VALUES (:id, :name, :size)", rows)


async def page_of(params: Mapping[str, str]) -> Cut[Mapping[str, Any]]:
    paged = paging(params, SORTS, "name", sizes=(5, 10))
    where, order, values = paged.sql("id")
    expression = paged.sort.expression
    if paged.cursor is not None:
        values["cursor_id"] = str(paged.cursor.id)
    values = {name: value for name, value in values.items() if name.startswith("cursor")}
    return paged.cut(
        await fetch_all(f"SELECT id, {expression} AS sort_value FROM cups WHERE {where} {order}", **values)
    )


@pytest.mark.parametrize("sort", ["name", "-name", "size", "-size"])
async def test_walking_forth_and_back_meets_every_row_once(cups: None, sort: str) -> None:
    forth, params = [], {"sort": sort}
    while True:
        cut = await page_of(params)
        forth.append([row["id"] for row in cut.rows])
        if not cut.next:
            break
        params = {"sort": sort, "after": cut.next}
    back = [forth[-1]]
    while cut.previous:
        cut = await page_of({"sort": sort, "before": cut.previous})
        back.append([row["id"] for row in cut.rows])
    assert forth == back[::-1]
    assert sorted(chain.from_iterable(forth)) == [str(UUID(int=number)) for number in range(23)]
    assert [len(page) for page in forth] == [5, 5, 5, 5, 3]


async def test_a_row_that_comes_while_reading_shifts_nothing(cups: None) -> None:
    first = await page_of({})
    await execute("INSERT INTO cups (id, name, size) VALUES (:id, 'cup 00a', 1)", id=str(new_id()))
    second = await page_of({"after": first.next})
    assert not {row["id"] for row in first.rows} & {row["id"] for row in second.rows}


async def test_an_empty_list_has_no_neighbours(cups: None) -> None:
    await execute("DELETE FROM cups")
    assert await page_of({}) == Cut(())


@pytest.mark.parametrize("text", ["x", "e30", "WzEsMl0", "....", "\u4e2d"])
def test_a_cut_cursor_says_what_to_do(text: str) -> None:
    with pytest.raises(Invalid, match="Open the list from its start"):
        read_cursor(text, str)


@given(st.text(max_size=20), st.uuids(), st.booleans())
def test_cursors_read_back(value: str, row_id: UUID, is_back: bool) -> None:
    from shared.web.keyset import Cursor

    assert read_cursor(Cursor(value, row_id).text(), str, is_back=is_back) == Cursor(value, row_id, is_back)


def test_unknown_orders_and_sizes_fall_back() -> None:
    for sort in ("nothing", "--name", "", "name; DROP TABLE cups"):
        assert paging({"sort": sort, "size": "7000"}, SORTS, "-size").sorted_by == "-size"
    assert paging({"size": "100"}, SORTS, "name").size == 100


async def test_counts_stop_at_a_thousand_unless_asked(cups: None, reading: None) -> None:
    assert (await capped_count("SELECT 1 AS one FROM cups WHERE name <> :name", name="")).number == 23
    many = "SELECT 1 AS one FROM cups AS a, cups AS b, cups AS c"
    capped = await capped_count(many)
    assert (capped.number, capped.is_exact, capped.exact_url) == (1_000, False, "/cups?q=a&count=exact")
    assert (await capped_count(many, is_exact=True)).number == 23**3


@pytest.fixture
def reading() -> Iterator[Request]:
    from starlette.applications import Starlette

    from shared.web.reader import reading as bind
    from tests.support.web_site import SITE

    app = Starlette()
    app.state.site = SITE
    request = Request(
        {"type": "http", "method": "GET", "path": "/cups", "query_string": b"q=a", "headers": [], "app": app}
    )
    request.state.person = None
    request.state.locale = "en"
    with bind(request), i18n.use_locale("en"), clock.use(FixedClock(AT)):
        yield request


# --- columns and views ------------------------------------------------------------------------------------------

COLUMNS = [Column(key, key.title()) for key in ("name", "owner", "due", "tax")]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", ["name", "owner"]),
        ("columns=all", ["name", "owner", "due", "tax"]),
        ("columns=tax&columns=due", ["name", "tax", "due"]),
        ("columns=nothing", ["name", "owner"]),
    ],
)
def test_which_columns_are_shown(query: str, shown: list[str]) -> None:
    request = Request({"type": "http", "query_string": query.encode(), "headers": []})
    kept, hidden = split_columns(request, COLUMNS, ["name", "owner"])
    assert [column.key for column in kept] == shown
    assert {column.key for column in [*kept, *hidden]} == {"name", "owner", "due", "tax"}


def test_a_view_forgets_where_in_the_list_one_was() -> None:
    assert view_query("sort=-due&after=abc&owner=lin&format=csv&q=") == "owner=lin&sort=-due"


def test_views_are_kept_per_person_and_can_be_deleted(visitor: Visitor) -> None:
    from shared.web.models import SavedView
    from tests.support.web_site import in_app

    async def names() -> list[str]:
        return [f"{view.name} {view.query}" for view in await SavedView.all().order_by("name")]

    visitor.sign_in("lin")
    visitor.open("/me")
    visitor.send("/views", follow=False, list_url="/customers", query="owner=lin&after=x", name="Mine")
    visitor.send("/views", follow=False, list_url="/customers", query="owner=ada", name="Mine")
    assert in_app(visitor.client.app, names) == ["Mine owner=ada"]  # type: ignore[arg-type]
    other = visitor.other_browser()
    other.sign_in("ada")
    other.open("/me")
    other.send("/views/delete", follow=False, list_url="/customers", name="Mine")
    assert in_app(visitor.client.app, names) == ["Mine owner=ada"]  # type: ignore[arg-type]
    visitor.send("/views/delete", follow=False, list_url="/customers", name="Mine")
    assert in_app(visitor.client.app, names) == []  # type: ignore[arg-type]


def test_a_view_without_a_name_is_told_so_and_the_list_keeps_its_filter(visitor: Visitor) -> None:
    visitor.sign_in("lin")
    visitor.open("/me")
    answer = visitor.send("/views", follow=False, list_url="/customers", query="owner=lin", name="")
    assert answer.headers["location"] == "/customers?owner=lin"
    visitor.open("/me")
    assert "Not kept: give the view a name" in visitor.text()


# --- files ------------------------------------------------------------------------------------------------------

HEAD = Heading("Customers", "Shanghai", "owner Lin", "complete to 14:05", "Lin Na")
FILE_COLUMNS = [
    Column("name", "Name"),
    Column("due", "Due", "money_plain", unit="CNY"),
    Column("share", "Share", "percent"),
    Column("day", "Day", "day"),
    Column("state", "State", "status"),
]
FILE_ROWS: Sequence[Mapping[str, Any]] = [
    {
        "name": "华东机电",
        "due": Money(123_450, "CNY"),
        "share": 8_730,
        "day": date(2026, 11, 22),
        "state": "overdue",
    },
    {"name": "=1+1", "due": None, "share": Fraction(1, 4), "day": None, "state": Status("active")},
]


async def csv_text(rows: Any, columns: Sequence[Column] = FILE_COLUMNS) -> str:
    return b"".join([chunk async for chunk in csv_chunks(HEAD, columns, rows)]).decode("utf-8")


async def test_a_csv_file_says_what_it_is_and_holds_exact_numbers(reading: Request) -> None:
    text = await csv_text(in_order(FILE_ROWS))
    assert text.startswith("\ufeffCustomers\r\n")
    lines = list(csv.reader(io.StringIO(text.lstrip("\ufeff"))))
    assert [line[0] for line in lines[1:5]] == [
        "Scope: Shanghai",
        "Filters: owner Lin",
        "As of: complete to 14:05",
        "Made by: Lin Na, 2026-11-22 14:05",
    ]
    assert lines[6] == ["Name", "Due (CNY)", "Share (%)", "Day", "State"]
    assert lines[7] == ["华东机电", "1234.50", "87.3", "2026-11-22", "overdue"]
    assert lines[8] == ["'=1+1", "", "25", "", "active"]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "＝1", "＋1", "－1", "＠x"])
def test_texts_that_look_like_formulas_are_neutralised(text: str) -> None:
    assert neutral(text) == f"'{text}"
    assert neutral(f"a{text}") == f"a{text}"


async def test_a_workbook_holds_numbers_as_numbers_and_no_formulas(reading: Request) -> None:
    file = io.BytesIO()
    assert await write_xlsx(file, HEAD, FILE_COLUMNS, in_order(FILE_ROWS)) == 2
    sheet = openpyxl.load_workbook(file).active
    rows = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=7)]
    assert rows[1] == ["华东机电", 1234.5, 87.3, datetime(2026, 11, 22), "overdue"]
    assert rows[2] == ["=1+1", None, 25, None, "active"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n", "d"}


async def test_the_sum_of_the_file_is_the_sum_of_the_rows(reading: Request) -> None:
    amounts = [Money(minor, "CNY") for minor in (1, 99, -350, 123_456_789)]
    text = await csv_text(in_order([{"due": amount} for amount in amounts]), [Column("due", "Due", "money")])
    cents = [int(line.replace(".", "")) for line in text.splitlines()[7:]]
    assert sum(cents) == sum(amount.minor for amount in amounts)


async def test_memory_does_not_grow_with_the_rows(reading: Request) -> None:
    async def many() -> AsyncIterator[Mapping[str, Any]]:
        for number in range(30_000):
            yield {"name": f"customer {number}", "due": Money(number, "CNY")}

    tracemalloc.start()
    size = 0
    async for chunk in csv_chunks(HEAD, FILE_COLUMNS[:2], many()):
        size += len(chunk)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size > 600_000
    assert peak < 500_000


async def test_amounts_in_currencies_of_their_own_have_it_beside_them(reading: Request) -> None:
    columns = [Column("name", "Name"), Column("due", "Due", "money"), Column("paid", "Paid", "money"), Column("day", "Day", "day")]  # fmt: skip
    rows = [
        {"name": "a", "due": Money(100, "USD"), "paid": Money(50, "USD"), "day": None},
        {"name": "b", "due": Money(100, "JPY"), "paid": None, "day": None},
    ]
    heads, found = with_currency(columns, in_order(rows))
    assert [column.label for column in heads] == ["Name", "Due", "Paid", "Currency", "Day"]
    assert [row["currency"] async for row in found] == ["USD", "JPY"]
    for kept in (FILE_COLUMNS, heads):
        assert with_currency(kept, in_order(rows))[0] is kept, (
            "a unit in the head or a column says it already"
        )


async def test_a_share_says_per_cent_once(reading: Request) -> None:
    assert [head_of(Column("s", label, "percent")) for label in ("Share", "Overdue %")] == ["Share (%)", "Overdue %"]  # fmt: skip


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_is_sent_in_the_readers_language_under_its_name(tmp_path: Path, kind: str) -> None:
    async def download(request: Request) -> Response:
        return await export(
            request, kind=kind, name="客户", heading=HEAD, columns=FILE_COLUMNS, rows=in_order(FILE_ROWS)
        )

    with visitor_of(tea_app(tmp_path, [Route("GET", "/file", download, SIGNED_IN)])) as visitor:
        visitor.sign_in("lin")
        visitor.open("/me")
        visitor.send("/language", to="zh_CN", back="/me")
        answer = visitor.client.get("/file")
    assert f"filename*=UTF-8''%E5%AE%A2%E6%88%B7.{kind}" in answer.headers["content-disposition"]
    if kind == "csv":
        assert "范围：Shanghai" in answer.text and answer.headers["content-type"] == exports.CSV_TYPE
    else:
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active["A2"].value == "范围：Shanghai"
