"""Work in a thread on something that is closed afterwards: a SQLite connection, a file, a window of memory.

`asyncio.to_thread` gives a cancelled caller back at once while its thread goes on. The caller's `finally` then closes the
connection under the thread, and CPython's sqlite3 ends the process with signal 11 when that happens between a step and what
follows it (`sqlite3_last_insert_rowid` of a connection that is gone).
"""

import asyncio
import contextvars
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def in_thread(work: Callable[..., T], *values: object, hurry: Callable[[], object] | None = None) -> T:
    """What `work(*values)` returns or raises, as `asyncio.to_thread`; a cancelled caller goes on when the thread has ended.

    `hurry` is called once when the caller was cancelled, to cut the work short: `Connection.interrupt` for a long SELECT.
    """
    context = contextvars.copy_context()
    running = asyncio.get_running_loop().run_in_executor(None, lambda: context.run(work, *values))
    try:
        return await asyncio.shield(running)
    except asyncio.CancelledError:
        if hurry is not None and not running.done():
            hurry()
        while not running.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait([running])
        if not running.cancelled():
            running.exception()  # nobody is left to hear of it
        raise
