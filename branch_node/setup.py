"""Brings a branch's database into the state the site needs; run by `migrate`, and by tests that start a site."""

from branch_node.customers.fragments import index_fragments
from branch_node.customers.queries import INDEXES as CUSTOMER_INDEXES
from branch_node.home import at_home
from branch_node.models import BRANCH_APP
from branch_node.receivables.sources import INDEXES as MONEY_INDEXES
from branch_node.replication.bootstrap import is_closed
from branch_node.settings import BranchSettings
from branch_node.staff.built_in import ensure_roles
from shared.database import DatabaseApp, execute, open_database
from shared.database.migrate import migrate, repair_indexes
from shared.errors import Conflict
from shared.i18n import N_
from shared.records import RECORDS_APP, Branch
from shared.replication import capture
from shared.web.models import WEB_APP

APPS: list[DatabaseApp] = [RECORDS_APP, WEB_APP, BRANCH_APP]


async def prepare(settings: BranchSettings) -> list[str]:
    """1 migrate  2 re-create lost indexes  3 change capture  4 the branch's own row  5 built-in roles.

    The names of the migrations applied. May be run any number of times; a database that is being rebuilt or follows as a
    standby gets 1 and 2 only. Conflict when the database belongs to another branch or keeps its books in another currency
    or calendar.
    """
    applied = await make_tables(settings)
    async with open_database(settings.url_of_database, APPS):
        closed = await is_closed()
    if not closed:
        await make_branch(settings)
    return applied


async def make_tables(settings: BranchSettings) -> list[str]:
    """Tables and indexes; the names of the migrations applied."""
    result = await migrate(settings.url_of_database, APPS)
    async with open_database(settings.url_of_database, APPS) as database:
        await repair_indexes(database)
        for statement in (*CUSTOMER_INDEXES, *MONEY_INDEXES):
            await execute(statement)
        await index_fragments()
    return list(result.applied)


async def make_branch(settings: BranchSettings) -> None:
    """Change capture and the rows that every branch has."""
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home):
            await check_branch(settings)
            await capture.install(settings.branch_code)
            await describe_branch(settings)
            await ensure_roles()


async def require_open() -> None:
    """Refuse to serve a database that is being rebuilt, or that follows a branch."""
    closed = await is_closed()
    if closed == "standby":
        raise Conflict(
            N_(
                "This node is a standby. Take the branch over with `python -m branch_node standby promote` first."
            )
        )
    if closed:
        raise Conflict(
            N_(
                "This branch is being rebuilt from headquarters. Finish it with `python -m branch_node bootstrap`."
            )
        )


async def check_branch(settings: BranchSettings) -> None:
    """Refuse a database whose rows were written under another code, currency or time zone."""
    row = await Branch.filter(branch__not="COMPANY", deleted_at=None).first()
    if row is None:
        return
    for name, had, asked in (
        ("BRANCH_CODE", row.branch, settings.branch_code),
        ("BASE_CURRENCY", row.currency, settings.base_currency),
        ("TIMEZONE", row.timezone, settings.timezone.key),
    ):
        if had != asked:
            raise Conflict(
                N_("This database was made with %(name)s %(had)s. It cannot be used with %(asked)s."),
                code="branch.other",
                name=f"TRUNKLINE_{name}",
                had=had,
                asked=asked,
            )


async def describe_branch(settings: BranchSettings) -> Branch:
    """The branch's own row, written at the first start."""
    found = await Branch.get_or_none(branch=settings.branch_code, deleted_at=None)
    if found is not None:
        return found
    return await Branch.create(
        branch=settings.branch_code,
        name=settings.branch_name or settings.branch_code,
        country=settings.country,
        timezone=settings.timezone.key,
        currency=settings.base_currency,
    )
