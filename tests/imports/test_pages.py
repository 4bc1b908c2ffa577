"""The import pages: files in, a dry run first, the account, the result file, undo; and who may not."""

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from branch_node.imports import actions
from branch_node.imports.models import ImportJob
from shared import clock
from shared.clock import FixedClock
from shared.database import open_database
from shared.records import Customer
from tests.imports.folders import CUSTOMERS, HEADER
from tests.support.branch_site import BranchSite, branch_site, signed_in
from tests.support.databases import Templates, apart
from tests.support.web_site import Visitor

ROWS = HEADER + "I1,Imported A,010-65051234,,x\nI2,Imported B,,,y\n"
MAPPING = ("mapping.toml", CUSTOMERS.encode(), "application/toml")


@pytest.fixture
def site(templates: Templates, tmp_path: Path) -> Iterator[BranchSite]:
    with branch_site(templates, "sqlite", tmp_path) as made:
        yield made


@pytest.fixture
def people(site: BranchSite) -> Iterator[dict[str, Visitor]]:
    with signed_in(site) as visitors:
        yield visitors


def send(visitor: Visitor, *files: tuple[str, bytes | str], mapping: bool = True) -> Any:
    """Choose files on the page for new imports and send them."""
    visitor.open("/imports/new")
    parts: list[tuple[str, Any]] = [("files", (name, content)) for name, content in files]
    if mapping:
        parts.append(("mapping", MAPPING))
    answer = visitor.client.post(
        "/imports", data={"csrf": visitor.token()}, files=parts or [("files", ("", b""))],
        headers={"accept": "text/html", "origin": "http://testserver"},
    )  # fmt: skip
    visitor.page = answer.text
    return answer


def work(site: BranchSite) -> None:
    """What the site's worker does with everything that waits."""

    async def all_of_it() -> None:
        async with open_database(site.settings.url_of_database, site.app.state.database.apps):
            from branch_node.home import at_home

            with at_home(site.settings.home):
                for job_id in await actions.unattended():
                    await actions.perform(job_id)

    apart(all_of_it())


def names(site: BranchSite) -> list[str]:
    async def found() -> list[str]:
        async with open_database(site.settings.url_of_database, site.app.state.database.apps):
            rows = await Customer.filter(code__startswith="I").order_by("code")
            return [row.name for row in rows]

    result: list[str] = apart(found())
    return result


def test_files_are_looked_at_first_then_imported_then_taken_back(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    he = people["he"]
    answer = send(he, ("customers.csv", ROWS))
    page = answer.url.path
    assert re.fullmatch(r"/imports/[0-9a-f-]{36}", page)
    assert "It begins in a moment." in he.text()
    assert f'hx-get="{page}/live"' in he.page
    work(site)
    he.open(page)
    assert (
        "2 rows read. An import would create 2 and change 0; 0 would be skipped, 0 would fail." in he.text()
    )
    assert names(site) == []
    imported = he.send(f"{page}/run").url.path
    assert imported != page
    work(site)
    he.open(imported)
    assert "2 rows read: 2 created, 0 changed, 0 skipped, 0 failed." in he.text()
    assert names(site) == ["Imported A", "Imported B"]
    he.open(f"{imported}/undo")
    assert "2 created rows are taken back." in he.text()
    assert "0 changed rows" not in he.text()
    undone = he.send(f"{imported}/undo").url.path
    work(site)
    he.open(undone)
    assert "2 rows taken back." in he.text()
    assert "restored" not in he.text()
    assert names(site) == []
    he.open(imported)
    assert "Undo import" not in he.text()
    he.open("/imports")
    assert he.page.count('class="ops-row-link"') == 3
    assert "undone" in he.text()


def test_failed_rows_are_shown_and_downloaded(site: BranchSite, people: dict[str, Visitor]) -> None:
    he = people["he"]
    page = send(he, ("customers.csv", ROWS + "I3,,,,\n")).url.path
    work(site)
    he.open(page)
    assert "customers.csv, line 4" in he.text()
    assert "This is empty, and the record cannot be without it." in he.text()
    answer = he.client.get(f"{page}/result")
    assert answer.headers["content-disposition"].startswith('attachment; filename="import-')
    assert (
        answer.content.decode("utf-8-sig").splitlines()[1].startswith("failed,customers.csv,4,customer,name,")
    )


def test_an_archive_with_its_mapping_inside(site: BranchSite, people: dict[str, Visitor]) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("export/customers.csv", ROWS)
        archive.writestr("export/mapping.toml", CUSTOMERS)
        archive.writestr("__MACOSX/._customers.csv", "x")
    he = people["he"]
    page = send(he, ("export.zip", packed.getvalue()), mapping=False).url.path
    work(site)
    he.open(page)
    assert "2 rows read." in he.text()


@pytest.mark.parametrize(
    ("files", "mapping", "words"),
    [
        ([], True, "Choose the files to import"),
        ([("customers.csv", ROWS)], False, "Choose the mapping file (.toml)"),
        ([("customers.exe", b"x")], True, "customers.exe cannot be imported."),
        ([("a.zip", b"PK no")], True, "a.zip cannot be unpacked."),
        (
            [("customers.csv", ROWS), ("Customers.csv/../customers.csv", ROWS)],
            True,
            "Two files are called customers.csv",
        ),
    ],
)
def test_what_is_wrong_with_an_upload_is_said_at_its_field(
    site: BranchSite, people: dict[str, Visitor], files: list[tuple[str, bytes]], mapping: bool, words: str
) -> None:
    he = people["he"]
    answer = send(he, *files, mapping=mapping)
    assert answer.status_code == 422
    assert words in he.text()
    assert not (site.settings.data_dir / "imports").exists() or not any(
        (site.settings.data_dir / "imports").iterdir()
    )


def archive(*names: str) -> bytes:
    """A packed row under each of these names."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as made:
        for name in names:
            made.writestr(name, "a,b\n1,2\n")
    return packed.getvalue()


GOOD = archive("a.csv")
METHOD = GOOD.replace(b"PK\x03\x04\x14\x00\x00\x00\x08", b"PK\x03\x04\x14\x00\x00\x00\x0c").replace(
    b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x08", b"PK\x01\x02\x14\x03\x14\x00\x00\x00\x0c"
)
"""Said to be packed by bzip2, which it is not."""
NAME = archive("é.csv").replace("é".encode(), b"\xff\xfe")
TORN = GOOD[:35] + b"\xff" * 8 + GOOD[43:]


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.zip", METHOD, "cannot be unpacked"),
        ("a.zip", NAME, "cannot be unpacked"),
        ("a.zip", TORN, "cannot be unpacked"),
        ("a.zip", archive("x/a.csv", "x/a.csv/b.csv"), "is too long or is used twice"),
        ("a.zip", archive("x" * 300 + ".csv"), "is too long or is used twice"),
        ("长" * 120 + ".csv", b"a,b", "is too long or is used twice"),
    ],
)
def test_archives_and_names_that_cannot_be_kept_are_told_at_the_field(
    people: dict[str, Visitor], name: str, content: bytes, words: str
) -> None:
    assert send(people["he"], (name, content)).status_code == 422
    assert words in people["he"].text()


def test_an_archive_that_leads_out_of_its_folder_is_refused(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("../../evil.csv", "a,b\n")
    assert send(people["he"], ("a.zip", packed.getvalue())).status_code == 422
    assert "leads out of the folder" in people["he"].text()


def test_a_bad_mapping_and_a_missing_column_are_explained_on_the_page(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    he = people["he"]
    page = send(he, ("customers.csv", "No,Name,Phone,Mail,Town\n1,A,,,\n")).url.path
    work(site)
    he.open(page)
    assert "Nothing was imported. Correct what stands below" in he.text()
    assert "records[1].fields.city customers.csv has no column City." in he.text()


def test_chinese_readers_get_reasons_and_result_file_in_chinese(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    he = people["he"]
    he.send("/language", to="zh_CN", back="/imports")
    page = send(he, ("customers.csv", ROWS + "I3,,,,\n")).url.path
    work(site)
    he.open(page)
    assert "读取 3 行。正式导入将新建 2 行" in he.text()
    assert "此处为空，而记录必须有此项。" in he.text()
    assert "此处为空，而记录必须有此项。" in he.client.get(f"{page}/result").content.decode("utf-8-sig")


def test_a_job_that_waits_can_be_stopped_and_is_not_done(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    he = people["he"]
    page = send(he, ("customers.csv", ROWS)).url.path
    he.open(page)
    he.send(f"{page}/stop")
    assert "Stopped. What was imported before stays" in he.text()
    work(site)
    assert names(site) == []


def test_nobody_without_the_right_sees_any_of_it(site: BranchSite, people: dict[str, Visitor]) -> None:
    page = send(people["he"], ("customers.csv", ROWS)).url.path
    for url in (
        "/imports",
        "/imports/new",
        "/imports/mapping",
        page,
        f"{page}/live",
        f"{page}/result",
        f"{page}/undo",
    ):
        assert people["lin"].open(url).status_code == 403
    for url in ("/imports", f"{page}/run", f"{page}/stop", f"{page}/undo"):
        assert people["lin"].send(url).status_code == 403


def test_what_is_not_there_is_said_so(people: dict[str, Visitor], site: BranchSite) -> None:
    he = people["he"]
    assert he.open(f"/imports/{UUID(int=1)}").status_code == 404
    assert he.open("/imports/x").status_code == 404
    page = send(he, ("customers.csv", ROWS)).url.path
    assert he.open(f"{page}/result").status_code == 404
    he.open(page)
    assert he.send(f"{page}/undo").status_code == 409


def test_the_reference_has_every_field(people: dict[str, Visitor]) -> None:
    he = people["he"]
    he.open("/imports/mapping")
    assert "tax_number" in he.text()
    assert "order.lines" in he.text()
    assert he.client.get("/imports/mapping.schema.json").json()["title"] == "Trunkline import mapping"


def test_a_job_whose_worker_was_killed_is_done_again_once(
    site: BranchSite, people: dict[str, Visitor]
) -> None:
    page = send(people["he"], ("customers.csv", ROWS)).url.path

    async def as_if_killed() -> None:
        async with open_database(site.settings.url_of_database, site.app.state.database.apps):
            await ImportJob.all().update(state="running", beat_at=clock.now())
            assert await actions.unattended() == []
            with clock.use(FixedClock(clock.now())) as later:
                later.advance(seconds=actions.SILENT_SECONDS + 1)
                assert len(await actions.unattended()) == 1
            await ImportJob.all().update(beat_at=FixedClock("2026-01-01T00:00:00+00:00").now())

    apart(as_if_killed())
    work(site)
    people["he"].open(page)
    assert "2 rows read." in people["he"].text()


def test_old_files_are_deleted_and_the_account_stays(site: BranchSite, people: dict[str, Visitor]) -> None:
    page = send(people["he"], ("customers.csv", ROWS)).url.path
    work(site)

    async def a_month_later() -> int:
        async with open_database(site.settings.url_of_database, site.app.state.database.apps):
            await ImportJob.all().update(created_at=FixedClock("2026-01-01T00:00:00+00:00").now())
            return await actions.forget_old_files()

    assert apart(a_month_later()) == 1
    assert not any((site.settings.data_dir / "imports").iterdir())
    people["he"].open(page)
    assert "2 rows read." in people["he"].text()
    assert people["he"].send(f"{page}/run").status_code == 409
