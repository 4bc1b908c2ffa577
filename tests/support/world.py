"""A small company of real processes: headquarters and branches, each behind a line that can be cut.

    with company(["SH", "PAR"], folder=tmp_path) as world:
        world.wait_synced()
        world.line("SH").cut()
        lin = world.branch("SH").sign_in("lin", PASSWORD)

Every branch has the demo's people and a few weeks of its business (`DEMO`); headquarters has its people, rates and
targets. Prepared folders are made once per test run and copied. Waiting has a limit and says what it waited for.
"""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from branch_node.setup import APPS as BRANCH_APPS
from hq.setup import APPS as HQ_APPS
from shared.database import Database, fetch_all, open_database
from shared.demo_company import DEMO_BRANCHES, DEMO_PASSWORD
from shared.replication.columns import replicated_tables
from tests.support import shelf
from tests.support.databases import apart, command, postgres_url
from tests.support.link import Link
from tests.support.processes import SiteProcess, copy_folder, wait_until

PASSWORD = DEMO_PASSWORD
DEMO = ("--months", "2", "--scale", "0.1")
LOOK_SECONDS = 0.5
"""How often a branch looks for invitations and for what is handed over."""
BESIDE_SECONDS = 1.0
"""The heartbeat where a test writes beside a site on SQLite, which only then notices it, or where it asks for a scrub."""
SHOWN = 3
DATABASE_NAME = "name-of-database"


@dataclass
class World:
    """The running company."""

    hq: SiteProcess
    branches: dict[str, SiteProcess] = field(default_factory=dict)
    lines: dict[str, Link] = field(default_factory=dict)

    def branch(self, code: str) -> SiteProcess:
        return self.branches[code]

    def line(self, code: str) -> Link:
        return self.lines[code]

    def join(self, code: str, site: SiteProcess, stack: ExitStack, *, seed: int = 1) -> None:
        """A further branch, behind a line of its own; started."""
        self.branches[code] = site
        self.lines[code] = stack.enter_context(
            Link(("127.0.0.1", self.hq.port), seed=seed, name=f"line of {code}")
        )
        site.settings["TRUNKLINE_HQ_URL"] = self.line(code).url
        self.enrol(code)
        site.start()

    def enrol(self, code: str) -> None:
        """Introduce a branch to headquarters, through its line; its site must not run yet."""
        answer = self.hq.run("branches", "enrol", code, "--json").stdout
        token = json.loads(answer)["token"]
        self.branch(code).run("enrol", token, "--hq-url", self.line(code).url)

    def position(self, code: str) -> tuple[int, int]:
        """How far headquarters is with a branch, and how far the branch's own log reaches."""
        applied = self.hq.one("SELECT seq FROM branch_cursor WHERE branch = :code", code=code)
        return int(applied or 0), int(self.branch(code).one("SELECT MAX(seq) AS seq FROM change") or 0)

    def wait_synced(self, *codes: str, seconds: float = 90.0) -> None:
        """Until headquarters has everything that these branches (all) have written."""
        for code in codes or tuple(self.branches):
            wait_until(
                lambda code=code: len(set(self.position(code))) == 1,  # type: ignore[misc]
                seconds,
                f"headquarters has all of {code}, now {self.position(code)}",
                pause=0.2,
            )

    def differences(self, code: str) -> list[str]:
        """Every table whose rows at headquarters are not byte for byte those of the branch, with a few ids."""
        own, there = canonical_rows(self.branch(code), code), canonical_rows(self.hq, code)
        found = []
        for table, rows in own.items():
            ids = {key for key in rows.keys() | there[table].keys() if rows.get(key) != there[table].get(key)}
            if ids:
                found.append(f"{table}: {len(ids)} rows, {', '.join(sorted(ids)[:SHOWN])}")
        return found

    def wait_equal(self, code: str, seconds: float = 30.0) -> None:
        """Until there are none, for a branch that has just started and still writes: its day closes, for example."""
        wait_until(
            lambda: not self.differences(code), seconds, f"{code} equals, {self.differences(code)}", pause=0.5
        )

    def is_proved(self) -> bool:
        """What `hq verify` says: equal to the branches, nothing in quarantine, rollups equal their facts."""
        return self.hq.run("verify", "--json", check=False).returncode == 0


def canonical_rows(site: SiteProcess, code: str) -> dict[str, dict[str, str]]:
    """Every replicated row that a branch owns, by table and id, in canonical form."""

    async def read() -> dict[str, dict[str, str]]:
        async with open_database(site.database_url, site.apps) as database:
            return {name: await _rows_of(database, name, code) for name in replicated_tables()}

    return apart(read())


async def _rows_of(database: Database, name: str, code: str) -> dict[str, str]:
    dialect = database.client.capabilities.dialect
    canonical = replicated_tables()[name].canonical_sql("r", dialect)
    sql = f'SELECT CAST(r.id AS VARCHAR(36)) AS id, {canonical} AS canonical FROM "{name}" r WHERE r.branch = :code'
    return {row["id"]: row["canonical"] for row in await fetch_all(sql, code=code)}


# --- preparing ---------------------------------------------------------------------------------------------------


def branch_settings(code: str) -> dict[str, str]:
    """The settings of a branch of the demo company."""
    branch = DEMO_BRANCHES[code]
    return {
        "BRANCH_CODE": code,
        "TIMEZONE": branch.timezone,
        "BASE_CURRENCY": branch.currency,
        "COUNTRY": branch.country,
        "STANDBY_LOOK_SECONDS": str(LOOK_SECONDS),
    }


def _site(code: str, folder: Path) -> SiteProcess:
    if code == "headquarters":
        return SiteProcess(code, "hq", folder, HQ_APPS, {})
    return SiteProcess(code, "branch_node", folder, BRANCH_APPS, branch_settings(code))


def _fill(site: SiteProcess, seeded: bool) -> None:
    """Tables, and the demo's rows."""
    site.run("migrate")
    if seeded:
        site.run("seed", *(DEMO if site.module == "branch_node" else ()))


def _prepared(code: str, seeded: bool) -> Path:
    """A folder with the SQLite database of a site, made once in a run."""
    return shelf.once(
        f"{code}-{'seeded' if seeded else 'empty'}", lambda folder: _fill(_site(code, folder), seeded)
    )


def _prepared_in_postgres(code: str, seeded: bool) -> tuple[Path, str]:
    """A folder and the name of a PostgreSQL database of a site, made once in a run."""

    def make(folder: Path) -> None:
        name = shelf.database_name(code)
        apart(command(f'CREATE DATABASE "{name}"'))
        site = _site(code, folder)
        site.settings["TRUNKLINE_DATABASE_URL"] = postgres_url(name)
        _fill(site, seeded)
        (folder / DATABASE_NAME).write_text(name)

    folder = shelf.once(f"{code}-postgres-{'seeded' if seeded else 'empty'}", make)
    return folder, (folder / DATABASE_NAME).read_text()


def own_database(like: str = "template0") -> str:
    """The url of a PostgreSQL database with the tables and rows of another; it goes with the run."""
    name = shelf.database_name("world")
    apart(command(f'CREATE DATABASE "{name}" TEMPLATE "{like}"'))
    apart(command(f'ALTER DATABASE "{name}" SET synchronous_commit = off'))  # no test ends the server
    return postgres_url(name)


def database_name(url: str) -> str:
    """The name of the PostgreSQL database that a url names."""
    return urlsplit(url).path[1:]


def prepare_site(
    code: str, folder: Path, engine: str, seeded: bool, stack: ExitStack, root: Path | None = None
) -> SiteProcess:
    """A migrated, seeded site in its folder, not started; closed with the stack. With `root` it is of another release, which
    lies there."""
    site = _site(code, folder)
    if root:
        site.root = root
        if engine == "postgres":
            site.settings["TRUNKLINE_DATABASE_URL"] = own_database()
        _fill(site, seeded)
    elif engine == "postgres":
        prepared, name = _prepared_in_postgres(code, seeded)
        copy_folder(prepared, folder)
        site.settings["TRUNKLINE_DATABASE_URL"] = own_database(name)
    else:
        copy_folder(_prepared(code, seeded), folder)
    stack.callback(site.close)
    return site


@contextmanager
def company(
    branches: Sequence[str] = ("SH",),
    *,
    folder: Path,
    hq_engine: str = "sqlite",
    branch_engine: str = "sqlite",
    seeded: bool = True,
    started: bool = True,
    seed: int = 1,
    heartbeat_seconds: float | None = None,
) -> Iterator[World]:
    """Headquarters and branches as real processes, enrolled, each branch behind its own line; ended with the block.

    `seed` is that of the lines (printed). `heartbeat_seconds` is headquarters' setting, for tests that write beside a site or wait
    for a scrub. With `started` False the branches are enrolled but do not run yet.
    """
    with ExitStack() as stack:
        engines = {"headquarters": hq_engine, **dict.fromkeys(branches, branch_engine)}

        def prepare(code: str) -> SiteProcess:
            return prepare_site(code, folder / code, engines[code], seeded, stack)

        with ThreadPoolExecutor(2) as hands:
            headquarters, *sites = hands.map(prepare, engines)
        world = World(headquarters, dict(zip(branches, sites, strict=True)))
        if heartbeat_seconds is not None:
            world.hq.settings["TRUNKLINE_HEARTBEAT_SECONDS"] = str(heartbeat_seconds)
        world.hq.start()
        for number, code in enumerate(branches):
            line = Link(("127.0.0.1", world.hq.port), seed=seed + number, name=f"line of {code}")
            world.lines[code] = stack.enter_context(line)
            world.branch(code).settings["TRUNKLINE_HQ_URL"] = line.url
        with ThreadPoolExecutor(2) as hands:
            list(hands.map(world.enrol, branches))
        if started:
            for site in world.branches.values():
                site.start(wait=False)
            for site in world.branches.values():
                site.wait_ready()
        yield world
