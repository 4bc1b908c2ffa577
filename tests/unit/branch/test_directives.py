"""Directives at the branch: who sees one, steps only forward, documents in pieces, what a manager's people still owe."""

import base64
from datetime import timedelta
from hashlib import sha256

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from branch_node.directives import actions, mending, queries
from branch_node.directives.rules import STEPS, advanced, counted, reached, steps_between
from branch_node.plans.queries import day_of
from shared import clock
from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.ids import new_id
from shared.records import (
    COMPANY,
    AuditEntry,
    Directive,
    DirectiveFile,
    DirectiveReceipt,
    DirectiveRecipient,
    Receipt,
)
from shared.replication.mend import MEND_FILE, MEND_TYPE, Mend, read_mend
from tests.support.cast import LIN, MANAGER, SHANGHAI, SUN, TODAY, WANG, ZHAO, Member, acting, hire


async def issued(*members: Member, **values) -> Directive:
    """A directive as it arrives from headquarters."""
    directive = await Directive.create(
        branch=COMPANY,
        number="D-1",
        title="年底盘点",
        body="请核对",
        issued_at=clock.now(),
        status="issued",
        **values,
    )
    for member in members:
        await DirectiveRecipient.create(
            branch=COMPANY, directive_id=directive.id, unit_branch=member.branch, employee_id=member.id,
            employee_name=member.name,
        )  # fmt: skip
    return directive


async def test_a_recipient_reads_acknowledges_and_reports_and_never_goes_back(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        directive = await issued(LIN)
        assert [row.status for row in await queries.inbox(LIN.person)] == ["delivered"]
        await actions.take_step(LIN.person, directive, "done", "盘点完成")
        row = await actions.take_step(LIN.person, directive, "read")
        assert (row.status, row.note, row.branch) == ("done", "盘点完成", "SH")
        assert None not in (row.delivered_at, row.read_at, row.acknowledged_at, row.done_at)
        assert await DirectiveReceipt.all().count() == 1


async def test_delivery_is_noted_once_for_everybody_here_and_nobody_elsewhere(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await issued(LIN, SUN, ZHAO)
        await Directive.create(branch=COMPANY, number="D-2", title="草稿")
        assert await actions.note_delivery() == 2
        assert await actions.note_delivery() == 0
        assert {row.employee_id for row in await DirectiveReceipt.all()} == {LIN.id, SUN.id}


async def test_nobody_sees_what_is_addressed_to_others_but_their_manager(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        directive = await issued(LIN)
        for member in (WANG,):
            assert await queries.inbox(member.person) == []
            with pytest.raises(NotFound):
                await queries.directive_for(member.person, directive.id)
            with pytest.raises(NotFound):
                await actions.take_step(member.person, directive, "read")
        assert (await queries.directive_for(SUN.person, directive.id))[1] is None
        await actions.take_step(LIN.person, directive, "acknowledged")
        [row] = await queries.of_team(MANAGER.person)
        assert (row.counts.total, row.counts.acknowledged, row.counts.done) == (1, 1, 0)


async def test_a_withdrawn_one_asks_for_nothing(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        directive = await issued(LIN, withdrawn_at=clock.now())
        with pytest.raises(Conflict):
            await actions.take_step(LIN.person, directive, "acknowledged")
        assert (await day_of(LIN.id, TODAY, is_own=True)).due.directives == 0


async def test_my_day_counts_what_waits_and_what_is_late(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        late = await issued(LIN, deadline_on=TODAY - timedelta(days=1))
        await issued(LIN)
        due = (await day_of(LIN.id, TODAY, is_own=True)).due
        assert (due.directives, due.late_directives) == (2, 1)
        await actions.take_step(LIN.person, late, "done")
        due = (await day_of(LIN.id, TODAY, is_own=True)).due
        assert (due.directives, due.late_directives) == (1, 0)


async def test_a_document_is_whole_or_says_what_is_missing(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        directive = await issued(LIN)
        content, file_id = bytes(range(256)) * 40, new_id()
        parts = [content[:5_000], content[5_000:]]

        async def arrive(place: int) -> None:
            await DirectiveFile.create(
                branch=COMPANY, directive_id=directive.id, file_id=file_id, name="盘点表.xlsx", media_type="x/y",
                size_bytes=len(content), sha256=sha256(content).hexdigest(), position=place, pieces=2,
                content=base64.b64encode(parts[place]).decode(),
            )  # fmt: skip

        await arrive(1)
        assert [(one.have, one.is_whole) for one in await queries.documents_of(directive.id)] == [(1, False)]
        with pytest.raises(Conflict):
            await queries.content_of(directive.id, file_id)
        await arrive(0)
        assert await queries.content_of(directive.id, file_id) == ("盘点表.xlsx", content)
        with pytest.raises(NotFound):
            await queries.content_of(new_id(), file_id)


@given(st.lists(st.sampled_from(STEPS)))
def test_status_only_moves_forward_and_each_step_is_taken_once(wanted: list[str]) -> None:
    status, taken = "", []
    for step in wanted:
        taken += steps_between(status, step)
        status = advanced(status, step)
    assert taken == list(STEPS[: len(taken)])
    assert not wanted or status == max(wanted, key=STEPS.index)


@given(st.lists(st.sampled_from(("", *STEPS))))
def test_coverage_adds_up(statuses: list[str]) -> None:
    found = counted(statuses)
    assert found.total == len(statuses)
    assert found.total >= found.delivered >= found.read >= found.acknowledged >= found.done
    assert found.acknowledged == sum(1 for status in statuses if reached(status, "acknowledged"))


async def test_values_that_headquarters_proposes_are_written_by_the_recipient_once(
    database: Database,
) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        directive = await issued(LIN)
        receipt = await Receipt.create(
            branch="SH",
            number="SH-R1",
            customer_id=new_id(),
            happened_on=TODAY,
            currency="CNY",
            amount_minor=5,
            base_minor=5,
        )
        content = msgspec.json.encode(Mend("receipt", str(receipt.id), {"amount_minor": 7, "base_minor": 7}))
        await DirectiveFile.create(
            branch=COMPANY,
            directive_id=directive.id,
            file_id=new_id(),
            name=MEND_FILE,
            media_type=MEND_TYPE,
            size_bytes=len(content),
            sha256=sha256(content).hexdigest(),
            content=base64.b64encode(content).decode(),
        )
        with pytest.raises(NotFound):
            await mending.carry_out(SUN.person, directive)
        await mending.carry_out(LIN.person, directive)
        await mending.carry_out(LIN.person, directive)
        await receipt.refresh_from_db()
        assert (receipt.amount_minor, receipt.revision, receipt.changed_by) == (7, 2, LIN.id)
        assert [row.status for row in await queries.inbox(LIN.person)] == ["done"]
        assert await AuditEntry.filter(action="mend.carried_out", entity_id=receipt.id).count() == 1


def test_a_proposal_that_would_change_whose_row_it_is_is_none() -> None:
    assert read_mend(msgspec.json.encode(Mend("receipt", "x", {"branch": "PAR"}))) is None
    assert read_mend(b"not json") is None
