"""Whether something failed because a disk is full: the one failure of the machine that a person must be told plainly."""

import errno

SQLITE_SAYS = "database or disk is full"
POSTGRES_CODE = "53100"


def is_disk_full(error: BaseException | None) -> bool:
    """Whether the error, or what caused it, is a full disk here or at the database server."""
    seen = 0
    while error is not None and seen < 10:
        if getattr(error, "errno", None) == errno.ENOSPC or getattr(error, "sqlstate", None) == POSTGRES_CODE:
            return True
        if SQLITE_SAYS in str(error):
            return True
        if any(isinstance(inner, BaseException) and is_disk_full(inner) for inner in error.args):
            return True
        error, seen = error.__cause__ or error.__context__, seen + 1
    return False
