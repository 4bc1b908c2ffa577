"""Files of tests lie in memory where there is room: SQLite waits for the disk at every commit, and no test cuts the power.

Whoever says where (`TMPDIR`) is obeyed; a memory disk that is small, or from which nothing may be started,
is left alone.
"""

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 6 << 30
"""What must be free, in bytes: of the disk and of the machine's memory."""


def use() -> None:
    """For this process and those that it starts; before anything asks for a temporary folder."""
    if "TMPDIR" not in os.environ and has_room(MEMORY):
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


def has_room(folder: Path) -> bool:
    """Whether files may be written and started there, and enough of them."""
    if not os.access(folder, os.W_OK):
        return False
    disk = os.statvfs(folder)
    free = min(disk.f_bavail * disk.f_frsize, free_memory())
    return not disk.f_flag & os.ST_NOEXEC and free >= ROOM


def free_memory() -> int:
    """Bytes that programs can still have; 0 where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) << 10 for line in lines if line.startswith("MemAvailable:")), 0)
