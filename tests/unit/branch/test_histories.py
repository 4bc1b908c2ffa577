"""The history of a record: every write with who and what, told in words, for whoever may see the record."""

import pytest

from branch_node.feedback.actions import answer_feedback, enter_feedback
from branch_node.feedback.forms import FeedbackForm
from branch_node.histories import queries
from branch_node.histories.rules import KINDS
from branch_node.opportunities.actions import enter, move
from branch_node.opportunities.forms import OpportunityForm
from shared.database import Database
from shared.errors import NotFound
from shared.records import REPLICATED, Feedback
from shared.replication import capture
from tests.support.cast import LIN, SHANGHAI, SUN, WANG, acting, customer_of, hire


async def test_every_write_is_told_with_who_and_what(database: Database) -> None:
    with acting(LIN):
        await hire(*SHANGHAI)
        await capture.install("SH")
        customer = await customer_of(LIN)
        row = await enter(
            LIN.person, customer, OpportunityForm(customer_id=customer.id, title="电机", amount="100")
        )
        await move(LIN.person, row, "proposal")
    with acting(SUN):
        feedback = await enter_feedback(SUN.person, FeedbackForm(subject="晚了"), None)
        await answer_feedback(SUN.person, feedback, "改了")
        kind, record = await queries.record_of(LIN.person, "opportunities", row.id)
        assert record.id == row.id
        moved, entered = await queries.history_of(kind, row.id)
        assert (entered.is_entry, entered.by, entered.changes) == (True, LIN.id, [])
        assert (moved.by, moved.changes) == (
            LIN.id, [("stage", "qualify", "proposal"), ("probability_percent", 10, 50)],
        )  # fmt: skip
        [answered, _entered] = await queries.history_of(KINDS["feedback"], feedback.id)
        assert answered.by == SUN.id
        assert ("status", "open", "answered") in answered.changes


async def test_who_may_not_see_a_record_does_not_see_its_history(database: Database) -> None:
    with acting(SUN):
        await hire(*SHANGHAI)
        row = await Feedback.create(
            branch="SH", owner_id=SUN.id, department_id=None, happened_on="2026-11-20", subject="x"
        )
        with pytest.raises(NotFound):
            await queries.record_of(LIN.person, "feedback", row.id)
        with pytest.raises(NotFound):
            await queries.record_of(WANG.person, "no_such_kind", row.id)


def test_what_is_told_are_columns_of_the_record() -> None:
    columns = {
        str(model._meta.db_table): {
            field.source_field or name for name, field in model._meta.fields_map.items()
        }
        for model in REPLICATED
    }
    assert set(KINDS) == set(queries.FETCH)
    for kind in KINDS.values():
        assert {*kind.told, kind.title} - {"split"} <= columns[kind.table], kind.table
