"""PostgreSQL databases that are emptied and used again: copying a template for every test costs ten times as much.

A database is lent to one test at a time. Given back, its rows are put as they were in the template. A database whose
tables, triggers or functions were changed, or that somebody still uses, is not lent again.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

import asyncpg

from tests.support import shelf

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
CREATE FUNCTION {KEEP}.put_back() RETURNS void LANGUAGE plpgsql AS $$
DECLARE name text; value bigint;
BEGIN
  SET LOCAL session_replication_role = replica;
  FOR name IN SELECT relname FROM pg_class
    WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
  LOOP EXECUTE format('DELETE FROM public.%I', name); END LOOP;
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = '{KEEP}' AND tablename <> 'sequence_of'
  LOOP EXECUTE format('INSERT INTO public.%I SELECT * FROM {KEEP}.%I', name, name); END LOOP;
  FOR name, value IN SELECT s.name, s.last_value FROM {KEEP}.sequence_of s LOOP
    PERFORM setval(format('public.%I', name)::regclass, coalesce(value, 1), value IS NOT NULL);
  END LOOP;
END $$;
"""

# Changes when a table, column, constraint, index, trigger or function is made, altered or removed.
SHAPE = """
SELECT md5(string_agg(mark, ',' ORDER BY mark)) FROM (
  SELECT 'c' || oid || ':' || xmin AS mark FROM pg_class WHERE relnamespace = 'public'::regnamespace
  UNION ALL SELECT 't' || t.oid || ':' || t.xmin FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE c.relnamespace = 'public'::regnamespace
  UNION ALL SELECT 'n' || oid || ':' || xmin FROM pg_constraint WHERE connamespace = 'public'::regnamespace
  UNION ALL SELECT 'f' || oid || ':' || xmin FROM pg_proc WHERE pronamespace = 'public'::regnamespace
  UNION ALL SELECT 's' || nspname FROM pg_namespace WHERE nspname NOT LIKE 'pg_%'
) marks
"""

ROOM_BYTES = 4_000_000
"""Rows of earlier tests take room and time until they are vacuumed away; a server of a run's own does not do so by itself."""

CROWDED = """
SELECT oid::regclass::text AS name, pg_total_relation_size(oid) AS size FROM pg_class
WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND pg_relation_size(oid) > 0
"""

OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'
"""


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
        own = await asyncpg.connect(url_of(name))
        try:
            self.shapes[name] = await own.fetchval(SHAPE)
        finally:
            await own.close()
        return name

    async def copied(self, kind: str, source: str, server: str) -> str:
        """The name of a database with the rows of a borrowed one."""
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
        is_empty = await self._emptied(name, url)
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
                await link.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
                del self.kinds[name], self.shapes[name]
        finally:
            await link.close()
        for kind, names in self.free.items():
            self.free[kind] = names[:1]

    async def _emptied(self, name: str, url: str) -> bool:
        try:
            link = await asyncpg.connect(url)
        except asyncpg.InvalidCatalogNameError:
            return False
        try:
            await link.execute(OTHERS)
            if await link.fetchval(SHAPE) != self.shapes[name]:
                return False
            await link.execute(f"SELECT {KEEP}.put_back()")
            if (crowded := await link.fetch(CROWDED)) and sum(row["size"] for row in crowded) > ROOM_BYTES:
                await link.execute(f"VACUUM {', '.join(row['name'] for row in crowded)}")
            return True
        except asyncpg.PostgresError:
            return False
        finally:
            await link.close()
