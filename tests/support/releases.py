"""A release of the branch as it was, kept beside the tests and run as a real process against today's headquarters.

    python -m tests.support.releases keep       before SCHEMA_VERSION grows: keeps the present tree as the earlier release
    unpack(folder)                              that release in a folder, ready for `python -m branch_node`

What is kept is code and pages only. Its style sheets and scripts are today's, as are the libraries it runs on.
"""

import io
import sys
import tarfile
from pathlib import Path

from shared.records import SCHEMA_VERSION

ROOT = Path(__file__).resolve().parents[2]
SHELF = ROOT / "tests" / "releases"
PARTS = ("shared", "branch_node")
KEPT = (".py", ".html", ".json")
STATIC = Path("shared", "web", "static"), Path("branch_node", "static")


def kept_file(version: int) -> Path:
    """Where the last release of a schema version lies."""
    return SHELF / f"schema-{version}.tar.xz"


def keep() -> Path:
    """Write the present tree as the release of its schema version; the same tree gives the same bytes."""
    path = kept_file(SCHEMA_VERSION)
    with tarfile.open(path, "w:xz", preset=9) as archive:
        for part in PARTS:
            for found in sorted((ROOT / part).rglob("*")):
                name = found.relative_to(ROOT)
                if found.is_file() and found.suffix in KEPT and not _is_left_out(name):
                    _add(archive, name, found.read_bytes())
    return path


def _is_left_out(name: Path) -> bool:
    return "__pycache__" in name.parts or any(name.is_relative_to(static) for static in STATIC)


def _add(archive: tarfile.TarFile, name: Path, content: bytes) -> None:
    entry = tarfile.TarInfo(name.as_posix())
    entry.size = len(content)
    archive.addfile(entry, io.BytesIO(content))


def _write(path: Path, archive: tarfile.TarFile, entry: tarfile.TarInfo) -> None:
    """One kept file; `extractall(filter=...)` came only with Python 3.11.4."""
    content = archive.extractfile(entry)
    assert content is not None, f"{entry.name} is no file"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.read())


def unpack(folder: Path, version: int) -> Path:
    """The kept release in `folder`, with today's style sheets and scripts; what to run it from."""
    with tarfile.open(kept_file(version)) as archive:
        for entry in archive:
            _write(folder / entry.name, archive, entry)
    for static in STATIC:
        (folder / static).symlink_to(ROOT / static)
    return folder


if __name__ == "__main__":
    if sys.argv[1:] != ["keep"]:
        sys.exit(__doc__)
    print(keep().relative_to(ROOT))
