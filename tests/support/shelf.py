"""What tests of one run share, made once by whichever process needs it first: migrated databases, seeded sites.

    path = once("template-hq.db", make)     # make(path) writes a file or fills a folder
    name = once_text("template_hq", make)   # make() gives, say, the name of a database that it has filled

All processes of a run (`pytest -n`) see the same shelf; the process that began the run removes it (`clear`), with every
PostgreSQL database that was named by `database_name`. Databases are not dropped before: each drop makes the server
write out everything that any test has touched.
"""

import atexit
import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

BEGINS_HERE = "TRUNKLINE_TEST_RUN" not in os.environ
RUN = os.environ.setdefault("TRUNKLINE_TEST_RUN", f"{os.getpid()}_{token_hex(3)}")
"""Names the run; workers inherit it."""
FOLDER = Path(tempfile.gettempdir()) / f"trunkline-test-{RUN}"
PREFIX = f"tl_test_{RUN}_"


def database_name(what: str) -> str:
    """A PostgreSQL database name of this run that nobody else gets."""
    return f"{PREFIX}{what}_{token_hex(4)}".lower()


def once(name: str, make: Callable[[Path], object]) -> Path:
    """The file or folder of this name, made at first use; a making that failed is tried anew."""
    path = FOLDER / name
    with _alone(name) as done:
        if not done.exists():
            _remove(path)
            make(path)
            done.touch()
    return path


def once_text(name: str, make: Callable[[], str]) -> str:
    """The text that was made at first use."""
    return once(name, lambda path: path.write_text(make())).read_text()


@contextmanager
def _alone(name: str) -> Iterator[Path]:
    """No other process makes the same meanwhile; gives the mark that says it is made."""
    FOLDER.mkdir(exist_ok=True)
    with open(FOLDER / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield FOLDER / f"{name}.done"


def _remove(path: Path) -> None:
    """What a making that failed left behind."""
    if path.is_dir():
        shutil.rmtree(path)
    path.unlink(missing_ok=True)


def share_templates(folder: Path) -> None:
    """A site with this data folder finds the templates that other sites of the run have compiled: a page compiles a dozen, for
    half a second."""
    kept = FOLDER / "templates"
    kept.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    with suppress(FileExistsError):
        (folder / "templates").symlink_to(kept)


def clear() -> None:
    """Remove the files of the run."""
    shutil.rmtree(FOLDER, ignore_errors=True)


if BEGINS_HERE:  # benches have nobody else who does
    atexit.register(clear)
