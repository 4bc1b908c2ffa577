"""Lookups that are made on demand are the ones that Tortoise would have made at once."""

from pathlib import Path

import pytest
from tortoise.exceptions import FieldError
from tortoise.filters import get_filters_for_field

from shared.database import open_database
from shared.database.lean_models import Lookups, generate_lookups
from shared.database.migrate import migrate
from shared.records import RECORDS_APP, Customer, Receivable


@pytest.fixture
async def records(tmp_path: Path):
    url = f"sqlite:///{tmp_path}/records.db"
    await migrate(url, [RECORDS_APP])
    async with open_database(url, [RECORDS_APP]):
        yield


async def test_every_lookup_of_every_field_is_there(records):
    for model in (Customer, Receivable):
        meta = model._meta
        generate_lookups(meta)
        asked = Lookups({}, meta.db.executor_class.get_overridden_filter_func)
        for name, (_, field, source) in meta._filters.items():
            for key, lookup in get_filters_for_field(name, field, source).items():
                asked.add(key, lookup)
                assert key in meta.filters
                assert meta.get_filter(key) == asked[key]
        assert dict(meta.filters) == dict(asked)


async def test_only_the_fields_asked_for_are_made(records):
    generate_lookups(Customer._meta)
    await Customer.filter(name__contains="钢", code__in=["C1"], owner_id__isnull=True).count()
    assert {key.split("__")[0] for key in Customer._meta.filters} == {"name", "code", "owner_id"}


async def test_an_unknown_lookup_is_refused(records):
    with pytest.raises(FieldError):
        await Customer.filter(name__sounds_like="x").count()
    with pytest.raises(KeyError):
        Customer._meta.get_filter("nothing__in")
