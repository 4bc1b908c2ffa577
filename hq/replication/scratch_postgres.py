"""The temporary tables of a connection that applies: rows on their way in, old images, what both add to the figures.

Whoever uses one empties it first; rows stay at commit. With ON COMMIT DELETE ROWS the server would cut every one of them to
nothing at each commit that touched a single one: two hundred files, 16 ms of its processor. What DELETE leaves behind is
given back by VACUUM once enough has gathered.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from hq.replication.visits import Visit

LOOK_ROWS, TIDY_BYTES = 2_000, 256 * 1024
GROWN = "SELECT relname FROM pg_class WHERE relnamespace = pg_my_temp_schema() AND relkind = 'r' AND pg_relation_size(oid) >= $1"
DELTA_TYPES = (
    "measure varchar, period varchar, branch varchar, dim varchar, currency varchar, department varchar, "
    "employee varchar, amount bigint, base bigint, n bigint, tbl varchar, row_id varchar, due_on varchar, "
    "customer varchar, sale varchar, instalment varchar"
)


FIRST_DAY = date(2000, 1, 1).toordinal()
"""The day from which the server counts."""


async def make_scratch(connection: Any) -> None:
    """Make the tables that every group of visits needs, once per connection; those of a table come with its first old row
    (`empty_stage`). Dates travel as text on it, as canonical rows have them."""
    await connection.set_type_codec(
        "date", schema="pg_catalog", encoder=day_number, decoder=day_text, format="tuple"
    )
    await connection.execute(
        f"CREATE TEMP TABLE delta ({DELTA_TYPES}); CREATE TEMP TABLE gone (id uuid, ver bigint, branch varchar)"
    )


async def empty_stage(connection: Any, table: str) -> None:
    """The stage of a table and its old images, empty. They are made when the connection needs them first: most never are, and all
    of them took a tenth of a second to make and half of that to drop. The server is asked, because a transaction that failed takes
    back what it made."""
    relations = (f"stage_{table}", f"old_{table}")
    if await connection.fetchval("SELECT to_regclass($1) IS NULL", f"pg_temp.{relations[0]}"):
        make = [f'CREATE TEMP TABLE {name} AS SELECT * FROM "{table}" WITH NO DATA' for name in relations]
        await connection.execute("; ".join(make))
        return
    for name in relations:
        await connection.fetch(f"DELETE FROM {name}")


@lru_cache(maxsize=4_096)
def day_number(text: str) -> tuple[int]:
    """A date as the server takes it. Raises ValueError."""
    return (date.fromisoformat(text).toordinal() - FIRST_DAY,)


def day_text(number: tuple[int]) -> str:
    return date.fromordinal(number[0] + FIRST_DAY).isoformat()


class Scratch:
    """How many rows each connection has written since its scratch tables were last looked at."""

    def __init__(self) -> None:
        self._written: Counter[int] = Counter()

    def note(self, connection: Any, visits: Sequence[Visit]) -> None:
        """These visits were written by that connection."""
        self._written[connection.get_server_pid()] += sum(visit.size for visit in visits)

    async def tidy(self, connection: Any) -> None:
        """Give the room of deleted rows back where much has gathered; outside any transaction. New rows leave nothing in scratch tables,
        so that their size is asked for and not reckoned."""
        if self._written[connection.get_server_pid()] < LOOK_ROWS:
            return
        grown = await connection.fetch(GROWN, TIDY_BYTES)
        if grown:
            await connection.execute(f"VACUUM {', '.join(row['relname'] for row in grown)}")
        del self._written[connection.get_server_pid()]
