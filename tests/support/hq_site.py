"""Headquarters as a running site over a small written company, and the people who visit it.

Chen, executive, sees every branch; Mei, executive for Paris and Tokyo only; Qin keeps the data; Tang administers.
"""

import shutil
import tempfile
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any, TypeVar

import pytest
from starlette.applications import Starlette

from hq.app import hq_app
from hq.figures import memo
from hq.people.actions import add_person
from hq.settings import HqSettings
from hq.setup import APPS, prepare
from shared import clock
from shared.clock import FixedClock
from shared.database import open_database
from shared.ids import new_id
from shared.money import split
from shared.records import (
    COMPANY,
    Customer,
    Employee,
    IntelNote,
    NewsItem,
    Opportunity,
    PromiseToPay,
    Receivable,
    Target,
    TargetLine,
)
from shared.web.passwords import Passwords
from tests.support import databases, hq_world, shelf
from tests.support.clean_slate import CleanSlates
from tests.support.databases import (
    ENGINES,
    POSTGRES_URL,
    command,
    plain_url,
    postgres_url,
    remember,
)
from tests.support.hq_world import NOON, PLACES, TODAY, Company
from tests.support.site_client import Client, client_of
from tests.support.web_site import PASSWORD, Visitor

T = TypeVar("T")

PEOPLE: dict[str, tuple[str, list[str], list[str] | None]] = {
    "chen": ("陈总", ["executive"], None),
    "mei": ("Mei", ["executive"], ["PAR", "TYO"]),
    "qin": ("秦雨", ["hq_data_officer"], None),
    "tang": ("唐敏", ["hq_admin"], None),
}
CODES = ("HQ", "SH", "PAR", "TYO", "HRB")


@dataclass
class Headquarters:
    """A site, its database file and the company in it."""

    app: Starlette
    settings: HqSettings
    company: Company

    def visitor(self, client: Client, name: str = "chen") -> Visitor:
        """Somebody signed in, with the least of all pages open."""
        found = Visitor(client)
        client.cookies.clear()
        found.sign_in(name, next="/me")
        return found


def cheap_settings(folder: Path, **values: Any) -> HqSettings:
    """Settings with password hashes that cost nothing."""
    shelf.share_templates(folder)
    given = {
        "data_dir": folder,
        "argon2_memory_kib": 64,
        "argon2_rounds": 1,
        "live_gap_seconds": 0.01,
        "jobs_in_site": False,
        **values,
    }
    return HqSettings(**given)


def add_targets(company: Company) -> None:
    """Year targets of every branch in its own currency, and of one person of each."""
    for code in company.codes:
        units = [("branch", None, 120_000_000), ("employee", company.of(Employee, code)[0].id, 90_000_000)]
        for kind, unit_id, amount in units:
            target = company.add(
                Target(
                    id=new_id(), branch=COMPANY, year=TODAY.year, measure="sales", unit_kind=kind, unit_branch=code,
                    unit_id=unit_id, currency=PLACES[code][3], amount=amount, issued_at=NOON,
                )
            )  # fmt: skip
            for month, part in enumerate(split(amount, [1] * 12), 1):
                company.add(
                    TargetLine(
                        id=new_id(), branch=COMPANY, target_id=target.id, period=f"{TODAY.year}-{month:02d}", amount=part
                    )
                )  # fmt: skip


def add_chances(company: Company) -> None:
    """Opportunities in every stage, promises on what is open, sales limits that some have passed."""
    random = Random(6)
    for code in company.codes:
        customers = [row for row in company.of(Customer, code) if row.deleted_at is None]
        for place, stage in enumerate(("qualify", "needs", "proposal", "negotiation", "won", "lost", "lost")):
            customer, amount = random.choice(customers), random.randint(100_000, 9_000_000)
            company.add(
                Opportunity(
                    id=new_id(), branch=code, customer_id=customer.id, owner_id=customer.owner_id, title=f"{code} deal {place}",
                    stage=stage, probability_percent=10 * place, currency=PLACES[code][3], amount_minor=amount,
                    base_minor=amount, happened_on=TODAY, expected_on=TODAY,
                    closed_on=TODAY if stage in ("won", "lost") else None,
                    lost_reason=random.choice(["price", "competitor"]) if stage == "lost" else "",
                )
            )  # fmt: skip
        owing = [row for row in company.of(Receivable, code) if hq_world.rest_of(row) > 0]
        for row, status in zip(owing, ("open", "broken", "kept"), strict=False):
            company.add(
                PromiseToPay(
                    id=new_id(), branch=code, receivable_id=row.id, customer_id=row.customer_id, happened_on=TODAY,
                    promised_on=TODAY, currency=row.currency, amount_minor=hq_world.rest_of(row), status=status,
                )
            )  # fmt: skip
        if owing:
            owed = {row.customer_id for row in owing}
            next(row for row in company.of(Customer, code) if row.id in owed).credit_limit_minor = 1


async def fill(settings: HqSettings, company: Company) -> None:
    """Tables, the company, targets, news, the four people; Harbin was last heard of four hours ago."""
    await prepare(settings)
    hashes = Passwords(settings)
    async with open_database(settings.url_of_database, APPS):
        add_targets(company)
        add_chances(company)
        await hq_world.write(company)
        await hq_world.reached("HRB", minutes_ago=262, contact_minutes_ago=260)
        news = NewsItem(id=new_id(), branch=COMPANY, title="Copper up", published_at=NOON, happened_on=TODAY)
        note = IntelNote(
            id=new_id(), branch="PAR", kind="competitor", title="Rival in Lyon", happened_on=TODAY
        )
        await news.save(force_create=True)
        await note.save(force_create=True)
        for username, (name, roles, branches) in PEOPLE.items():
            await add_person(
                hashes,
                name=name,
                roles=roles,
                branches=branches,
                username=username,
                password=PASSWORD,
                locale="en",
            )


_made: dict[int, tuple[Path, Company]] = {}


def headquarters(folder: Path, size: int = 8, **values: Any) -> Headquarters:
    """A site over a copy of a company of about `size` orders per branch; the same company for the same size."""
    settings = cheap_settings(folder, **values)
    if size not in _made:
        made = Path(tempfile.mkdtemp(prefix="company-", dir=shelf.FOLDER))  # goes with the shelf
        company = hq_world.make_company(Random(20_261_120 + size), CODES, size)
        apart(fill(cheap_settings(made), company))
        _made[size] = (made, company)
    source, company = _made[size]
    shutil.copyfile(source / "hq.db", folder / "hq.db")
    return Headquarters(hq_app(settings), settings, company)


_filled: dict[int, tuple[str, Company]] = {}
_slates = CleanSlates()


@contextmanager
def headquarters_on_postgres(folder: Path, size: int = 8) -> Iterator[Headquarters]:
    """The same over a copy on PostgreSQL, which is put back for the next test at the end of the block."""
    if size not in _filled:
        company, source = hq_world.make_company(Random(20_261_120 + size), CODES, size), shelf.database_name("hq_company")  # fmt: skip
        apart(command(f'CREATE DATABASE "{source}"'))
        apart(fill(cheap_settings(folder, database_url=postgres_url(source)), company))
        apart(remember(plain_url(source)))
        _filled[size] = (source, company)
    source, company = _filled[size]
    name = apart(_slates.borrow(f"hq_company_{size}", source, POSTGRES_URL, plain_url))
    memo.forget()  # sums are kept by the name of the database
    try:
        settings = cheap_settings(folder, database_url=postgres_url(name))
        yield Headquarters(hq_app(settings), settings, company)
    finally:
        apart(_slates.give_back(name, plain_url(name)))


@pytest.fixture(params=ENGINES)
def site_on_each_engine(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Headquarters]:
    """Headquarters over a written company, not started, on each engine; a module takes it as its `site`."""
    if request.param == "sqlite":
        yield headquarters(tmp_path)
        return
    with headquarters_on_postgres(tmp_path) as found:
        yield found


@contextmanager
def running(site: Headquarters) -> Iterator[Client]:
    """The site answering; the clock stands at noon in Shanghai."""
    with clock.use(FixedClock(NOON)), client_of(site.app, language="") as client:
        yield client


def apart(work: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end on a loop of its own at the fixed time; usable while another loop runs."""

    async def at_noon() -> T:
        with clock.use(FixedClock(NOON)):
            return await work

    return databases.apart(at_noon())
