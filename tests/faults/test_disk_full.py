"""The disk of a branch, then of headquarters, is full to the last block: it is said plainly, nothing is lost, it goes on by itself."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from secrets import token_hex
from uuid import uuid4

import pytest

from tests.support.databases import ENGINES, apart, command
from tests.support.processes import Guest, wait_until
from tests.support.small_disk import SmallDisk, small_disk
from tests.support.world import PASSWORD, World, company, database_name

pytestmark = pytest.mark.slow
MOST_TRIES = 400


def write(guest: Guest, texts: list[str]) -> int:
    """One line of today's plan; kept in `texts` when the branch took it. The status."""
    text = f"line {uuid4().hex}" + " and further words" * 5
    answer = guest.send("/plan/items", follow=False, line=text, client_id=uuid4().hex)
    if answer.status_code in (200, 303):
        texts.append(text)
    return int(answer.status_code)


def held(world: World, texts: list[str]) -> set[str]:
    """Which of these headquarters has."""
    return {row["text"] for row in world.hq.rows("SELECT text FROM plan_item")} & set(texts)


@contextmanager
def on_a_small_tablespace(folder: Path, whose: str, megabytes: int) -> Iterator[tuple[SmallDisk, World]]:
    """A company one of whose databases ("SH" or "headquarters") lies on a small disk of the PostgreSQL server, which runs on this
    machine."""
    name = f"tl_small_{token_hex(4)}"
    place = Path(tempfile.mkdtemp(prefix="tl-small-"))
    place.chmod(0o755)
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, place)
        disk = stack.enter_context(small_disk(place / "disk", megabytes))
        (disk.folder / "space").mkdir()
        shutil.chown(disk.folder / "space", "postgres")
        apart(command(f"CREATE TABLESPACE {name} LOCATION '{disk.folder}/space'"))
        stack.callback(lambda: apart(command(f"DROP TABLESPACE {name}")))
        moved: list[str] = []
        stack.callback(lambda: [apart(command(f'DROP DATABASE "{one}" WITH (FORCE)')) for one in moved])
        engine = "branch_engine" if whose == "SH" else "hq_engine"
        world = stack.enter_context(company(["SH"], folder=folder, **{engine: "postgres"}))  # type: ignore[arg-type]
        site = world.branch("SH") if whose == "SH" else world.hq
        site.stop()
        database = database_name(site.database_url)
        moved.append(database)
        apart(command(f'ALTER DATABASE "{database}" SET TABLESPACE {name}'))
        site.start()
        yield disk, world


def on_a_small_disk(
    stack: ExitStack, engine: str, folder: Path, who: str, megabytes: int
) -> tuple[SmallDisk, World]:
    """The disk of one site and the company around it, in step; `megabytes` for SQLite, PostgreSQL takes 90."""
    if engine == "postgres":
        disk, world = stack.enter_context(on_a_small_tablespace(folder, who, 90))
    else:
        disk = stack.enter_context(small_disk(folder / who, megabytes))
        world = stack.enter_context(company(["SH"], folder=folder))
    world.wait_synced()
    return disk, world


@pytest.mark.parametrize("engine", ENGINES)
def test_a_branch_with_a_full_disk_says_so_and_goes_on_when_there_is_room(
    engine: str, tmp_path: Path
) -> None:
    texts: list[str] = []
    with ExitStack() as stack:
        disk, world = on_a_small_disk(stack, engine, tmp_path, "SH", 40)
        lin = world.branch("SH").sign_in("lin", PASSWORD)
        lin.open("/")
        disk.fill()
        statuses = (write(lin, texts) for _ in range(MOST_TRIES))
        refused = next(status for status in statuses if status not in (200, 303))
        assert refused == 507
        assert "磁盘已满" in lin.text()
        assert lin.client.get("/customers").status_code == 200, "it can still be read"
        disk.make_room()
        lin.open("/")
        assert write(lin, texts) in (200, 303)
        world.wait_synced()
        assert held(world, texts) == set(texts)
        world.wait_equal("SH")
        assert world.is_proved()


@pytest.mark.parametrize("engine", ENGINES)
def test_headquarters_with_a_full_disk_takes_everything_once_there_is_room(
    engine: str, tmp_path: Path
) -> None:
    texts: list[str] = []
    with ExitStack() as stack:
        disk, world = on_a_small_disk(stack, engine, tmp_path, "headquarters", 60)
        lin = world.branch("SH").sign_in("lin", PASSWORD)
        lin.open("/")
        disk.fill()
        for _ in range(MOST_TRIES):
            assert write(lin, texts) in (200, 303), "the branch works on"
            if "disk of headquarters is full" in world.branch("SH").log:
                break
        wait_until(lambda: "disk of headquarters is full" in world.branch("SH").log, 60, "the branch is told")
        disk.make_room()
        world.wait_synced()
        assert held(world, texts) == set(texts)
        world.wait_equal("SH")
        assert world.is_proved()
