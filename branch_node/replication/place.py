"""One sender per branch, however many web processes serve it: the place belongs to the process that holds a lock of the database.

PostgreSQL: an advisory lock of a session that does nothing else, so that it goes with the process or its connection; the same
session hears of every commit of every process. SQLite is served by one process, which always has the place.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog

from shared.database import Database
from shared.database.context import session_parameters
from shared.database.nudge import Nudge

if TYPE_CHECKING:
    import asyncpg

log = structlog.get_logger(__name__)
TAKE = "SELECT pg_try_advisory_lock(hashtext('trunkline sender'))"
COMMITS = "trunkline_change"


class Place:
    """The right to send. `nudge` is set by commits of other processes, too, while this one has the place."""

    def __init__(self, database: Database, nudge: Nudge) -> None:
        self._database, self._nudge = database, nudge
        self._session: asyncpg.Connection | None = None

    @property
    def is_held(self) -> bool:
        """Whether it is ours as far as is known here: false from the moment the session is seen to have ended."""
        return self._database.path is not None or (
            self._session is not None and not self._session.is_closed()
        )

    @property
    def is_lost(self) -> bool:
        """Whether it was ours and the session has ended since."""
        return self._session is not None and self._session.is_closed()

    async def take(self) -> bool:
        """Try to get it, without waiting; whether it is ours. A database that does not answer gives it to nobody."""
        if self.is_held:
            return True
        await self.leave()
        import asyncpg  # only a branch on PostgreSQL gets here

        try:
            session = await asyncpg.connect(**session_parameters(self._database.url))
        except (OSError, asyncpg.PostgresError) as error:
            log.warning("place_not_asked_for", error=repr(error))
            return False
        try:
            if await session.fetchval(TAKE):
                await session.add_listener(COMMITS, lambda *_: self._nudge.set())
                self._session = session
                log.info("place_taken")
        except (OSError, asyncpg.PostgresError) as error:
            log.warning("place_not_asked_for", error=repr(error))
        finally:
            if self._session is not session:
                session.terminate()
        return self.is_held

    async def leave(self) -> None:
        """Give it to whoever asks next; a second call does nothing."""
        session, self._session = self._session, None
        if session is not None:
            session.terminate()
