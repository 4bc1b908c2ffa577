"""Files as they come: marks, encodings, quotes, broken rows, workbooks. What cannot be read says what to do."""

import datetime
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from branch_node.imports import reading
from branch_node.imports.mapping import Formats, SourceFile
from branch_node.imports.reading import BadFile, SourceRow, find_delimiter, open_source
from shared import i18n

pytestmark = pytest.mark.usefixtures("english")


def read(
    folder: Path, content: bytes | str, name: str = "a.csv", *, encoding: list[str] | None = None, **given
) -> tuple[list[str], list[SourceRow]]:
    data = content.encode() if isinstance(content, str) else content
    (folder / name).write_bytes(data)
    source = open_source(folder, SourceFile(path=name, **given), Formats(encoding=encoding or ["utf-8"]))
    try:
        return source.header, list(source.rows())
    finally:
        source.close()


def cells(rows: list[SourceRow]) -> list[list[str]]:
    return [list(row.cells) for row in rows]


def fault(row: SourceRow) -> str:
    assert row.fault is not None
    return i18n.render(row.fault, row.fault.params)


def refusal(folder: Path, content: bytes | str, name: str = "a.csv", **given) -> tuple[int, str]:
    with pytest.raises(BadFile) as refused:
        read(folder, content, name, **given)
    return refused.value.line, i18n.render(refused.value.message, refused.value.message.params)


TABLE = "Name,City\nCafé,上海\n"


@pytest.mark.parametrize(
    "content",
    [
        TABLE.encode(),
        TABLE.encode("utf-8-sig"),
        TABLE.encode("utf-16"),
        b"\xfe\xff" + TABLE.encode("utf-16-be"),
        TABLE.replace("\n", "\r\n").encode(),
        TABLE.replace("\n", "\r").encode(),
        TABLE.replace(",", ";").encode(),
        TABLE.replace(",", "\t").encode(),
        TABLE.replace(",", "|").encode(),
    ],
)
def test_the_same_table_in_any_dress(tmp_path: Path, content: bytes) -> None:
    header, rows = read(tmp_path, content)
    assert header == ["Name", "City"]
    assert cells(rows) == [["Café", "上海"]]


def test_gbk_is_read_when_it_is_declared_and_refused_with_its_line_when_not(tmp_path: Path) -> None:
    content = "Name,City\nA,x\n华东机电,上海\n".encode("gbk")
    assert cells(read(tmp_path, content, encoding=["utf-8", "gb18030"])[1])[1] == ["华东机电", "上海"]
    line, message = refusal(tmp_path, content)
    assert line == 3
    assert message.startswith("This line is not utf-8. Declare the right encoding")


def test_blanks_around_values_and_line_breaks_inside_them(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'Name,City\n  A\u3000,"x\ny"\n\ufeffB\u200b,\xa0z \n')
    assert cells(rows) == [["A", "x\ny"], ["B", "z"]]
    assert [row.line for row in rows] == [2, 4]


def test_empty_lines_are_no_rows(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "Name,City\n\n,\n  ,  \nA,x\n\n")
    assert [(row.line, list(row.cells)) for row in rows] == [(5, ["A", "x"])]


def test_long_and_short_rows_are_faults_of_the_row(tmp_path: Path) -> None:
    _, rows = read(tmp_path, "a,b,c\n1,2,3,4\n1,2\n1,2,3,\n")
    assert "4 cells, the header 3" in fault(rows[0])
    assert "2 of 3 cells" in fault(rows[1])
    assert rows[2].fault is None
    _, rows = read(tmp_path, "a,b,c\n1,2\n", short_rows="fill")
    assert cells(rows) == [["1", "2", ""]]
    assert rows[0].fault is None


def test_misplaced_quotation_marks_fail_their_row_only(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'a,b\n"x"y,1\n"5"" pipe",2\n3" pipe,3\n')
    assert "Quotation marks are misplaced" in fault(rows[0])
    assert cells(rows[1:]) == [['5" pipe', "2"], ['3" pipe', "3"]]
    assert [row.line for row in rows] == [2, 3, 4]


def test_a_quotation_mark_never_closed_stops_before_anything_is_imported(tmp_path: Path) -> None:
    line, message = refusal(tmp_path, 'a,b\n1,2\n"3,4\n5,6\n')
    assert (line, message) == (3, "A quotation mark opens on this line and is never closed. Close it.")
    line, message = refusal(tmp_path, 'a,b\n1,2\n"3,4\n' + "5,6\n" * 60_000)
    assert line == 3
    assert "too long; perhaps a quotation mark is not closed" in message


def test_excel_text_formulas_and_nul_characters(tmp_path: Path) -> None:
    _, rows = read(tmp_path, 'a,b\n="00123",x\ny\x00,z\n')
    assert cells(rows) == [["00123", "x"], ["y", "z"]]
    assert "NUL" in fault(rows[1])


@pytest.mark.parametrize(
    ("content", "name", "given", "line", "words"),
    [
        (b"", "a.csv", {}, 0, "empty (0 bytes). Export it again."),
        (b"\n\n", "a.csv", {}, 1, "no column names on this line"),
        (b"a,b\n", "a.xls", {}, 0, "Files ending in .xls cannot be read. Save it as .csv or .xlsx."),
        (b"a,b\n", "a.xlsx", {}, 0, "not an .xlsx workbook"),
        (b"a,b\n", "a.csv", {"header_row": 4}, 4, "no column names on this line"),
        (b"x" * 1_100_000, "a.csv", {}, 1, "longer than 1000000 characters"),
        (b"\xff\xfea", "a.csv", {}, 1, "This line is not utf-16, as the file says it is."),
    ],
)
def test_what_cannot_be_read_says_what_to_do(
    tmp_path: Path, content: bytes, name: str, given: dict[str, int], line: int, words: str
) -> None:
    found, message = refusal(tmp_path, content, name, **given)
    assert found == line
    assert words in message


def test_missing_files_and_paths_out_of_the_folder(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    for path, words in (("none.csv", "There is no such file"), ("../secret.csv", "leads out of the folder")):
        with pytest.raises(BadFile) as refused:
            open_source(folder, SourceFile(path=path), Formats())
        assert words in str(refused.value.message)


def test_titles_above_the_header_are_skipped_and_lines_still_counted(tmp_path: Path) -> None:
    header, rows = read(tmp_path, "Report 2026,,\n\nName,City\nA,x\n", header_row=3)
    assert header == ["Name", "City"]
    assert [(row.line, list(row.cells)) for row in rows] == [(4, ["A", "x"])]


def test_the_delimiter_is_the_commonest_outside_quotation_marks() -> None:
    assert find_delimiter('"a,b,c,d";e;f\n') == ";"
    assert find_delimiter("name\n") == ","


# --- workbooks ----------------------------------------------------------------------------------------------------


def workbook(path: Path, *sheets: tuple[str, list[list[object]]]) -> None:
    with xlsxwriter.Workbook(path) as book:
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        for name, rows in sheets:
            sheet = book.add_worksheet(name)
            for number, row in enumerate(rows):
                for column, value in enumerate(row):
                    if isinstance(value, datetime.date):
                        sheet.write_datetime(number, column, value, day)
                    elif isinstance(value, str) and value.startswith("="):
                        sheet.write_formula(number, column, value, None, "#N/A" if "1/0" in value else 30)
                    else:
                        sheet.write(number, column, value)


def read_book(path: Path, **given) -> tuple[list[str], list[SourceRow]]:
    source = open_source(path.parent, SourceFile(path=path.name, **given), Formats())
    try:
        return source.header, list(source.rows())
    finally:
        source.close()


def test_a_workbook_gives_dates_numbers_and_results_of_formulas(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["Day", "Amount", "Text", "Sum"],
        [datetime.date(2026, 3, 5), 0.1 + 0.2, " 00123 ", "=10*3"],
        [],
        [datetime.date(1999, 12, 31), 1234567.5, True, "=1/0"],
        [None, 5, "x"],
    ]
    workbook(tmp_path / "a.xlsx", ("Sheet", rows))
    header, found = read_book(tmp_path / "a.xlsx")
    assert header == ["Day", "Amount", "Text", "Sum"]
    assert cells(found)[0] == ["2026-03-05", "0.3", "00123", "30"]
    assert cells(found)[1][:3] == ["1999-12-31", "1234567.5", "yes"]
    assert "#N/A" in fault(found[1])
    assert cells(found)[2] == ["", "5", "x", ""]
    assert [row.line for row in found] == [2, 4, 5]
    assert cells(read_book(tmp_path / "a.xlsx", decimal=",")[1])[0][1] == "0,3"


def test_a_sheet_is_chosen_by_name(tmp_path: Path) -> None:
    workbook(tmp_path / "a.xlsx", ("One", [["a"], [1]]), ("Two", [["b"], [2]]))
    assert read_book(tmp_path / "a.xlsx", sheet="Two")[0] == ["b"]
    with pytest.raises(BadFile) as refused:
        read_book(tmp_path / "a.xlsx", sheet="Three")
    assert refused.value.message.params["known"] == "One, Two"


def test_a_workbook_that_unpacks_to_too_much_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("xl/workbook.xml", "<workbook/>")
        packed.writestr("xl/worksheets/sheet1.xml", b"0" * 30_000_000)
    assert path.stat().st_size < 100_000
    monkeypatch.setattr(reading, "LARGEST_UNZIPPED_BYTES", 20_000_000)
    with pytest.raises(BadFile) as refused:
        read_book(path)
    assert "unpacks to %(size)s MB" in refused.value.message


def test_a_damaged_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.xlsx"
    with zipfile.ZipFile(path, "w") as packed:
        packed.writestr("xl/workbook.xml", "<workbook")
    with pytest.raises(BadFile) as refused:
        read_book(path)
    assert "The workbook is damaged" in refused.value.message
