"""A folder on a file system of its own that is small and can be filled to the last block, for tests of a full disk.

    with small_disk(tmp_path / "SH", megabytes=16) as disk:
        disk.fill()
        ...
        disk.make_room()

A tmpfs, which root may mount. Where it may not, the test is skipped with a reason, and fails where a run must have everything.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.services import missing

BLOCK = 4_096


@dataclass
class SmallDisk:
    """The mounted folder."""

    folder: Path

    @property
    def filler(self) -> Path:
        return self.folder / "filler"

    def fill(self) -> None:
        """Take every block that is left; may be called again."""
        with self.filler.open("ab", buffering=0) as filler:
            for size in (1_048_576, BLOCK, 1):
                try:
                    while True:
                        filler.write(bytes(size))
                except OSError:
                    continue

    def make_room(self) -> None:
        """As a person deletes something large."""
        self.filler.unlink()


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[SmallDisk]:
    """The folder, mounted for the length of the block; whoever writes there has ended before it does."""
    folder.mkdir(parents=True, exist_ok=True)
    order = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=0777", "none", os.fspath(folder)]
    mounted = subprocess.run(order, capture_output=True, text=True, check=False)
    if mounted.returncode:
        reason = f"a small file system cannot be mounted here: {mounted.stderr.strip()}"
        missing(reason)
    try:
        yield SmallDisk(folder)
    finally:
        subprocess.run(["umount", "--lazy", os.fspath(folder)], check=True)
