"""A center is given each default rule once, in whatever release it was new; what people did with it stands."""

import pytest

from netops.center.alerts.defaults import DEFAULTS, make_defaults
from netops.center.models import AlertRule, AuditEntry, OfferedRule
from shared.database import Database

LAG = DEFAULTS["replication_lag"].name


@pytest.fixture(autouse=True)
def _within(center_database: Database):
    with center_database.use():
        yield


async def names() -> set[str]:
    return {rule.name for rule in await AlertRule.all()}


async def forget_the_record(*deleted: str) -> None:
    """As a center is that was made before the record was kept."""
    await OfferedRule.all().delete()
    await AlertRule.filter(name__in=deleted).delete()


async def test_a_new_center_has_all_and_none_twice() -> None:
    assert await make_defaults() == len(DEFAULTS)
    assert await make_defaults() == 0
    assert await names() == {rule.name for rule in DEFAULTS.values()}


async def test_a_rule_that_was_deleted_or_renamed_does_not_come_again() -> None:
    await make_defaults()
    await AlertRule.filter(name=LAG).delete()
    await AlertRule.filter(name=DEFAULTS["cpu"].name).update(name="too hot")
    assert await make_defaults() == 0
    await AlertRule.all().delete()
    assert await make_defaults() == 0 and not await names()


async def test_a_center_of_before_the_record_is_given_what_is_new_and_nothing_else() -> None:
    await make_defaults()
    await forget_the_record(LAG, DEFAULTS["memory"].name)
    assert await make_defaults() == 1
    assert LAG in await names() and DEFAULTS["memory"].name not in await names()
    [told] = await AuditEntry.filter(action="rule.make")
    assert (told.actor, told.subject) == ("center", LAG)


async def test_a_center_that_has_the_new_rule_already_does_not_get_it_twice() -> None:
    await make_defaults()
    await forget_the_record()
    assert await make_defaults() == 0
    assert await AlertRule.all().count() == len(DEFAULTS)
    assert await OfferedRule.all().count() == len(DEFAULTS)


async def test_a_release_with_one_more_rule_gives_that_one(monkeypatch: pytest.MonkeyPatch) -> None:
    coming = DEFAULTS["io_pressure"]
    monkeypatch.delitem(DEFAULTS, "io_pressure")  # type: ignore[arg-type]
    await make_defaults()
    monkeypatch.setitem(DEFAULTS, "io_pressure", coming)  # type: ignore[arg-type]
    assert await make_defaults() == 1 and coming.name in await names()
