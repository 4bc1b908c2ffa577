"""Two things that Tortoise does when a model class is read are left until they are needed, or undone.

The lookups of a field (`name__contains`, `due_on__gte`, ...): Tortoise makes some 25 for each field of each class,
12 MB and a tenth of a second of every process for our records; here a class keeps which fields it has, and a field's
lookups are made when a query first uses one. And it parses the source of each class for `#:` comments, which we do
not write. `make_lean` replaces the functions of the pinned Tortoise before the first model is read.
"""

from copy import copy
from typing import Any

from tortoise import models
from tortoise.filters import FilterInfoDict, get_filters_for_field


class FieldToCome(tuple[str, Any, str]):
    """(field name, field, source field): what Tortoise makes the lookups of one field from."""

    __slots__ = ()


class Lookups(dict[str, FilterInfoDict]):
    """Lookup -> how it is done. A field's lookups appear together, when one of them is first asked for."""

    __slots__ = ("_overridden", "_to_come")

    def __init__(self, to_come: dict[str, FieldToCome], overridden: Any) -> None:
        super().__init__()
        self._to_come = to_come
        self._overridden = overridden

    def __missing__(self, key: str) -> FilterInfoDict:
        self._expand(key)
        if not super().__contains__(key):
            raise KeyError(key)
        return super().__getitem__(key)

    def __contains__(self, key: object) -> bool:
        if super().__contains__(key):
            return True
        self._expand(str(key))
        return super().__contains__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self._expand(key)
        return super().get(key, default)

    def add(self, key: str, lookup: FilterInfoDict) -> None:
        """Take one lookup, done the way this database does it."""
        operator = self._overridden(filter_func=lookup["operator"], filter_info=lookup)
        if operator:
            lookup = copy(lookup)
            lookup["operator"] = operator
        self[key] = lookup

    def _expand(self, key: str) -> None:
        wanted = self._to_come.pop(key.split("__", 1)[0], None)
        if wanted is not None:
            for name, lookup in get_filters_for_field(*wanted).items():
                self.add(name, lookup)


def field_to_come(field_name: str, field: Any, source_field: str) -> dict[str, Any]:
    """Instead of get_filters_for_field while a class is read."""
    return {field_name: FieldToCome((field_name, field, source_field))}


def generate_lookups(meta: Any) -> None:
    """Instead of MetaInfo._generate_filters, once the model knows its database."""
    to_come = {key: value for key, value in meta._filters.items() if isinstance(value, FieldToCome)}
    found = Lookups(to_come, meta.db.executor_class.get_overridden_filter_func)
    fields = {key.split("__", 1)[0] for key in meta._filters}
    found.update({key: done for key, done in meta.filters.items() if key.split("__", 1)[0] not in fields})
    for key, lookup in meta._filters.items():
        if key not in to_come:
            found.add(key, lookup)
    meta.filters = found


def no_comments(cls: type[models.Model]) -> dict[str, str]:
    """Instead of _get_comments."""
    return {}


def make_lean() -> None:
    """Replace them; may be called twice."""
    models.get_filters_for_field = field_to_come  # type: ignore[attr-defined]
    models.MetaInfo._generate_filters = generate_lookups  # type: ignore[assignment,method-assign]
    models._get_comments = no_comments
