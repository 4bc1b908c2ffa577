"""Instances of a model by a hand-written condition. The ORM makes the SQL of each query anew, which costs more than most of
them; what is read at every request or several times in a transaction is read here. Same rows, same instances.
"""

from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar

from tortoise.models import Model

from shared.database.access import engine, fetch_all

M = TypeVar("M", bound=Model)


async def find_all(model: type[M], condition: str, *, lock: bool = False, **params: Any) -> list[M]:
    """The rows for which `condition` holds; ORDER BY and LIMIT may follow it. Named parameters as in `fetch_all`.

    With `lock` they stay locked until the transaction ends; on SQLite the transaction itself is the lock.
    """
    rows = await fetch_all(f"{_select(model)} WHERE {condition}{_locking(lock)}", **params)
    return [model._init_from_db(**row) for row in rows]


async def find(model: type[M], condition: str, *, lock: bool = False, **params: Any) -> M | None:
    """The first of them, or None."""
    rows = await fetch_all(f"{_select(model)} WHERE {condition} LIMIT 1{_locking(lock)}", **params)
    return model._init_from_db(**rows[0]) if rows else None


async def find_with(model: type[M], relation: str, condition: str, **params: Any) -> M | None:
    """The first row together with the one its foreign key `relation` names, in one statement. The condition calls the
    row `t` and the other `o`."""
    sql, own, other = _joined(model, relation)
    rows = await fetch_all(f"{sql} WHERE {condition} LIMIT 1", **params)
    if not rows:
        return None
    values = list(rows[0].values())
    found = model._init_from_db(**dict(zip(own, values, strict=False)))
    related = _related(model, relation)._init_from_db(**dict(zip(other, values[len(own) :], strict=True)))
    setattr(found, relation, related)
    return found


def _locking(lock: bool) -> str:
    return " FOR UPDATE" if lock and engine() == "postgres" else ""


@cache
def _select(model: type[Model]) -> str:
    return f'SELECT {_columns(model, "")} FROM "{model._meta.db_table}"'


def _columns(model: type[Model], alias: str) -> str:
    return ", ".join(f'{alias}"{column}"' for column in _names(model))


def _names(model: type[Model]) -> Sequence[str]:
    return sorted(model._meta.fields_db_projection_reverse)


def _related(model: type[Model], relation: str) -> type[Model]:
    related: type[Model] = model._meta.fields_map[relation].related_model  # type: ignore[attr-defined]
    return related


@cache
def _joined(model: type[Model], relation: str) -> tuple[str, Sequence[str], Sequence[str]]:
    """The SELECT of both tables, and the columns of each; the second's are numbered, since names repeat."""
    other = _related(model, relation)
    own_names, other_names = _names(model), _names(other)
    numbered = ", ".join(f'o."{column}" AS o{place}' for place, column in enumerate(other_names))
    key = str(model._meta.fields_map[relation].source_field)
    sql = (
        f'SELECT {_columns(model, "t.")}, {numbered} FROM "{model._meta.db_table}" t '
        f'JOIN "{other._meta.db_table}" o ON o."{other._meta.db_pk_column}" = t."{key}"'
    )
    return sql, own_names, other_names
