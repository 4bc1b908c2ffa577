"""PostgreSQL databases that are emptied and used again: copying a template for every test costs ten times as much.

A database is lent to one test at a time. Given back, its rows are put as they were in the template. A database whose
tables, triggers or functions were changed, or that somebody still uses, is not lent again.
"""

import asyncio
import threading
from collections import defaultdict
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Any, TypeVar

import asyncpg

from tests.support import shelf

T = TypeVar("T")

KEEP = "as_in_template"
"""The schema with the template's own rows."""

# Once for each template: copies of what is in it, and a function that puts them back.
REMEMBER = f"""
CREATE SCHEMA {KEEP};
DO $$
DECLARE name text; filled boolean;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM public.%I)', name) INTO filled;
    IF filled THEN EXECUTE format('CREATE TABLE {KEEP}.%I AS TABLE public.%I', name, name); END IF;
  END LOOP;
END $$;
CREATE TABLE {KEEP}.sequence_of AS
  SELECT sequencename AS name, last_value FROM pg_sequences WHERE schemaname = 'public';
CREATE FUNCTION {KEEP}.put_back() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE name text; value bigint; room bigint := 0;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name, value IN SELECT relname, pg_relation_size(oid) FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
  LOOP EXECUTE format('DELETE FROM public.%I', name); room := room + value; END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{KEEP}' AND tablename <> 'sequence_of'
  LOOP EXECUTE format('INSERT INTO public.%I SELECT * FROM {KEEP}.%I', name, name); END LOOP;
  FOR name, value IN SELECT s.name, s.last_value FROM {KEEP}.sequence_of s LOOP
    PERFORM setval(format('public.%I', name)::regclass, coalesce(value, 1), value IS NOT NULL);
  END LOOP;
  RETURN room;
END $$;
"""

ROOM_BYTES = 1_500_000
"""Rows of earlier tests take room and time until they are vacuumed away; a server of a run's own does not do so by itself."""

CROWDED = """
SELECT oid::regclass::text AS name FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""

# shape() changes when a table, column, constraint, index, trigger or function is made, altered or removed. give_back() ends whoever is
# still there and answers how much room the rows of earlier tests take, or NULL for a database that no longer has its shape.
REMEMBER += f"""
CREATE FUNCTION {KEEP}.shape() RETURNS text LANGUAGE sql AS $$
WITH ours AS MATERIALIZED (SELECT oid, xmin FROM pg_class WHERE relnamespace = 'public'::regnamespace)
SELECT concat(sum(hashint8extended(mark, 0)), ' of ', count(*)) FROM (
  SELECT (oid::bigint << 32) + xmin::text::bigint AS mark FROM ours
  UNION ALL SELECT (oid::bigint << 32) + xmin::text::bigint FROM pg_trigger WHERE tgrelid IN (SELECT oid FROM ours)
  UNION ALL SELECT (oid::bigint << 32) + xmin::text::bigint FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT (oid::bigint << 32) + xmin::text::bigint FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT hashtextextended(nspname, 0) FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
) marks
$$;
CREATE FUNCTION {KEEP}.give_back(expected text) RETURNS bigint LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
  IF {KEEP}.shape() <> expected THEN RETURN NULL; END IF;
  RETURN {KEEP}.put_back();
END $$;
"""


class Caretaker:
    """A thread that keeps a connection to each database which is lent again: opening one, and planning on it what it is asked, cost
    several times what giving a database back does. Tests have event loops of their own, to which no connection could belong."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="caretaker", daemon=True)
        self.links: dict[str, asyncpg.Connection] = {}
        self.thread.start()

    async def shape(self, name: str, url: str) -> str:
        """What give_back() expects of a database that was just made."""
        return str(await self._there(self._shape(name, url)))

    async def emptied(self, name: str, url: str, shape: str) -> bool:
        """Put the rows of a database back; whether it may be lent again."""
        return await self._there(self._emptied(name, url, shape))

    async def leave(self, name: str) -> None:
        """Close the connection: one that is copied or dropped may have none."""
        await self._there(self._leave(name))

    def end(self) -> None:
        """Close all of them."""

        async def leave_all() -> None:
            for name in list(self.links):
                await self._leave(name)

        asyncio.run_coroutine_threadsafe(leave_all(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    async def _there(self, work: Coroutine[Any, Any, T]) -> T:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(work, self.loop))

    async def _link(self, name: str, url: str) -> asyncpg.Connection:
        if name not in self.links:
            self.links[name] = await asyncpg.connect(url)
        return self.links[name]

    async def _leave(self, name: str) -> None:
        if link := self.links.pop(name, None):
            with suppress(
                asyncpg.PostgresError, asyncpg.InterfaceError, OSError
            ):  # it may have been ended by a test
                await link.close()

    async def _shape(self, name: str, url: str) -> str:
        return str(await (await self._link(name, url)).fetchval(f"SELECT {KEEP}.shape()"))

    async def _emptied(self, name: str, url: str, shape: str) -> bool:
        try:
            link = await self._link(name, url)
            size = await link.fetchval(f"SELECT {KEEP}.give_back($1)", shape)
            if size is not None and size > ROOM_BYTES:
                names = [row["name"] for row in await link.fetch(CROWDED)]
                await link.execute(f"VACUUM {', '.join(names)}")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            size = None
        if size is None:
            await self._leave(name)
        return size is not None


@cache
def caretaker() -> Caretaker:
    """That of this process."""
    return Caretaker()


def end_caretaker() -> None:
    """At the end of a process that had one."""
    if caretaker.cache_info().currsize:
        caretaker().end()
        caretaker.cache_clear()


@dataclass
class CleanSlates:
    """The databases of one process of a test run, by kind; `url_of` makes the address of one from its name."""

    free: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    shapes: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    lent: set[str] = field(default_factory=set)

    async def borrow(self, kind: str, template: str, server: str, url_of: Callable[[str], str]) -> str:
        """The name of an empty database like the template."""
        if self.free[kind]:
            name = self.free[kind].pop()
            self.lent.add(name)
            return name
        name = await self._made_from(template, kind, server)
        self.shapes[name] = await caretaker().shape(name, url_of(name))
        return name

    async def copied(self, kind: str, source: str, server: str) -> str:
        """The name of a database with the rows of a borrowed one."""
        await caretaker().leave(source)
        name = await self._made_from(source, kind, server)
        self.shapes[name] = self.shapes[source]
        return name

    async def _made_from(self, source: str, kind: str, server: str) -> str:
        name = shelf.database_name(kind)
        link = await asyncpg.connect(server)
        try:
            await link.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}"')
            await link.execute(f'ALTER DATABASE "{name}" SET synchronous_commit = off')
        finally:
            await link.close()
        self.kinds[name] = kind
        self.lent.add(name)
        return name

    async def give_back(self, name: str, url: str) -> None:
        """Empty it for the next; one that cannot be trusted any more is left until the end of the run."""
        is_empty = await caretaker().emptied(name, url, self.shapes[name])
        self.lent.discard(name)
        if is_empty:
            self.free[self.kinds[name]].append(name)

    async def drop_spare(self, server: str) -> None:
        """Drop what nobody has borrowed but one of each kind, and what is not lent again: for whoever goes on for hours."""
        kept = {names[0] for names in self.free.values() if names}
        spare = [name for name in self.kinds if name not in kept | self.lent]
        link = await asyncpg.connect(server)
        try:
            for name in spare:
                await caretaker().leave(name)
                await link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                del self.kinds[name], self.shapes[name]
        finally:
            await link.close()
        for kind, names in self.free.items():
            self.free[kind] = names[:1]
