"""Pages of proof: day close line by line, what was set aside and what is done about it, rows that differed."""

import base64
import datetime
import json

import pytest

from hq.replication.models import BranchCursor, QuarantinedChange, ScrubRow, ScrubRun
from shared.database import open_database
from shared.ids import new_id
from shared.ledgers import LEDGERS, Closing, closings, statement_id
from shared.records import DayClose, Directive, DirectiveFile, DirectiveRecipient, Receipt
from shared.replication.mend import MEND_TYPE, Mend, read_mend
from shared.replication.scan import view_of
from tests.support.databases import apart, hq_apps
from tests.support.hq_site import Headquarters, headquarters, running
from tests.support.hq_world import TODAY
from tests.support.site_client import Client
from tests.support.web_site import Visitor
from tests.support.wire import canonical

DAY = TODAY - datetime.timedelta(days=1)


async def dress(site: Headquarters) -> str:
    """SH states its day as it is, PAR one receipt more; a receipt of PAR is set aside, another was mended."""
    async with open_database(site.settings.url_of_database, hq_apps()):
        async with view_of() as view:
            held = {
                code: await closings(view, ledger, ["SH", "PAR"], [DAY]) for code, ledger in LEDGERS.items()
            }
        for branch in ("SH", "PAR"):
            for code in LEDGERS:
                one = held[code].get((branch, DAY), Closing())
                more = 1 if (branch, code) == ("PAR", "receipts") else 0
                await DayClose(
                    id=statement_id(branch, DAY, code), branch=branch, happened_on=DAY, ledger=code,
                    row_count=one.count + more, sums=one.sums, row_hash=one.row_hash, position=10**9,
                ).save(force_create=True)  # fmt: skip
        row = await Receipt.filter(branch="PAR").first()
        assert row is not None
        bad = json.dumps({**json.loads(canonical(row)), "amount_minor": "much"})
        await BranchCursor.filter(branch="PAR").update(status="held", epoch="e" * 32)
        await QuarantinedChange.create(
            branch="PAR", epoch="e" * 32, seq=9, tbl="receipt", row_id=str(row.id), op="u", row_after=bad,
            reason="poison", error="ValidationError",
        )  # fmt: skip
        run = await ScrubRun.create(branch="PAR", status="mended", tables=["receipt"])
        await ScrubRow.create(
            run_id=run.id, branch="PAR", tbl="receipt", row_id=str(row.id), kind="changed", columns=["notes"],
            status="mended",
        )  # fmt: skip
        kept = json.loads(canonical(row)) | {"happened_on": DAY.isoformat(), "currency": "EUR"}
        await ScrubRow.create(
            run_id=run.id, branch="PAR", tbl="receipt", row_id=str(new_id()), kind="changed", columns=["amount_minor"],
            before=json.dumps(kept | {"number": "R-OTHER", "amount_minor": 123400}),
            after=json.dumps(kept | {"number": "R-OTHER", "amount_minor": 567800}), status="mended",
        )  # fmt: skip
        return row.number


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Headquarters:
    made = headquarters(tmp_path_factory.mktemp("proof"))
    made.number = apart(dress(made))  # type: ignore[attr-defined]
    return made


@pytest.fixture(scope="module")
def browser(place: Headquarters):
    with running(place) as found:
        yield found


def test_a_line_that_differs_is_red_and_leads_to_its_rows(place: Headquarters, browser: Client) -> None:
    chen = place.visitor(browser, "chen")
    chen.open(f"/day-close?day={DAY}")
    assert "1 line differs" in chen.text() and "24 lines are not stated yet" in chen.text()
    assert f"/day-close/PAR?day={DAY}" in chen.page
    chen.open(f"/day-close/PAR?day={DAY}")
    assert f"/day-close/PAR/receipts?day={DAY}" in chen.page
    chen.open(f"/day-close/SH/receipts?day={DAY}")
    assert "equal what the branch stated" in chen.text()
    assert "Rows that differed" not in chen.text()
    chen.open(f"/day-close/PAR/receipts?day={DAY}")
    assert "Rows that differed" in chen.text() and "R-OTHER" in chen.text()
    assert "1,234.00" in chen.text() and "5,678.00" in chen.text(), "what was on either side"
    assert "amount" in chen.text() and "minor" not in chen.text(), (
        "columns are named in words, in the units they are written in"
    )
    chen.open(f"/day-close/PAR/receipts?day={DAY - datetime.timedelta(days=1)}")
    assert "R-OTHER" not in chen.text(), "another day's row"
    mei = place.visitor(browser, "mei")
    assert "Shanghai" not in mei.open(f"/day-close?day={DAY}").text
    assert (
        mei.open("/day-close/SH").status_code == 404 and mei.open("/day-close/PAR/nothing").status_code == 404
    )


def test_what_is_set_aside_shows_the_wrong_column_first_and_is_mended_by_a_directive(
    place: Headquarters, browser: Client
) -> None:
    tang = place.visitor(browser, "tang")
    tang.open("/quarantine")
    assert f"Receipt {place.number}" in tang.text()  # type: ignore[attr-defined]
    tang.open("/quarantine/1")
    assert "cannot be read" in tang.text() and "much" in tang.text()
    page = tang.open("/quarantine/1/mend").text
    person = page.split('<option value="')[1].split('"')[0]
    wrong = tang.send("/quarantine/1/mend", values="amount_minor = much", recipient=person, reason="typo")
    assert wrong.status_code == 422
    assert (
        tang.send(
            "/quarantine/1/mend", values="amount_minor = 70", recipient=person, reason="typo"
        ).status_code
        < 400
    )
    assert apart(sent(place, person)) == {"amount_minor": 70}
    tang.open("/quarantine/1/retry")
    tang.open("/quarantine/1")
    tang.send("/quarantine/1/retry")
    assert "still cannot be stored" in tang.text()
    assert tang.send("/quarantine/1/dismiss", reason="").status_code == 422
    tang.send("/quarantine/1/dismiss", reason="a test row")
    assert "dismissed" in tang.open("/quarantine?list=settled").text
    assert place.visitor(browser, "mei").open("/quarantine/1/mend").status_code == 403


async def sent(place: Headquarters, person: str) -> dict[str, object]:
    """The values of the one directive that proposes some, which went to that person alone."""
    async with open_database(place.settings.url_of_database, hq_apps()):
        piece = await DirectiveFile.get(media_type=MEND_TYPE)
        assert (await Directive.get(id=piece.directive_id)).audience == ["PAR"]
        assert [
            str(one.employee_id) for one in await DirectiveRecipient.filter(directive_id=piece.directive_id)
        ] == [person]
        found = read_mend(base64.b64decode(piece.content))
        assert isinstance(found, Mend)
        return dict(found.values)


def test_a_held_branch_is_let_through_only_after_a_question(place: Headquarters, browser: Client) -> None:
    tang: Visitor = place.visitor(browser, "tang")
    tang.open("/sync/PAR")
    assert "Let through" in tang.text() and "Rows that differed" in tang.text()
    assert "/sync/PAR/rows/1" in tang.page
    tang.open("/sync/PAR/rows/1")
    assert "changed here, mended" in tang.text()
    assert tang.open("/sync/SH/rows/1").status_code == 404
    tang.open("/sync/PAR")
    assert "set aside in quarantine" in tang.open("/sync/PAR/release").text
    tang.send("/sync/PAR/release", follow=False)
    assert "Let through ..." not in tang.open("/sync/PAR").text
