"""Models are prepared once for each engine, not for every database that a test opens.

Tortoise works out the filters, kinds of columns and first queries of all models whenever a database is opened: a site does so
once, a run of all tests thousands of times, for half of what opening costs. What it worked out depends on the models and on the
engine alone, so it is kept for both. A model that has got another field since (another site's models were loaded) is prepared
anew.
"""

from typing import Any

from tortoise.apps import Apps

OF_THE_ENGINE = (
    "filters", "db_native_fields", "db_default_fields", "db_complex_fields", "basetable", "basequery", "basequery_all_fields",
)  # fmt: skip
"""What differs between the engines; the rest of a model's description is the same, and stays."""

_prepare = Apps._build_initial_querysets
_kept: dict[tuple[type, str], tuple[list[str], dict[str, Any]]] = {}


def prepare_once(apps: Apps) -> None:
    """In place of Tortoise's own: every model of `apps` is ready for its engine."""
    models = [model for found in apps.apps.values() for model in found.values()]
    if not all(_put_back(model) for model in models):
        for model in models:
            model._meta.filters = {}
            for name in ("db_native_fields", "db_default_fields", "db_complex_fields"):
                setattr(model._meta, name, [])
        _prepare(apps)
        for model in models:
            kept = {name: getattr(model._meta, name) for name in OF_THE_ENGINE}
            _kept[model, str(model._meta.default_connection)] = list(model._meta.fields_map), kept


def _put_back(model: Any) -> bool:
    """Whether what was worked out for this engine holds still; it is the model's from here on."""
    fields, kept = _kept.get((model, model._meta.default_connection), ([], {}))
    if not kept or fields != list(model._meta.fields_map):
        return False
    for name, value in kept.items():
        setattr(model._meta, name, value)
    return True


def install() -> None:
    """For the tests of this process."""
    Apps._build_initial_querysets = prepare_once  # type: ignore[method-assign]
