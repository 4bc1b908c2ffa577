"""Small folders of files and small mappings for tests."""

import tomllib
from decimal import Decimal
from pathlib import Path
from typing import Any

from branch_node.imports.engine import Outcome, run_import
from branch_node.imports.mapping import Loaded, check
from shared.database import fetch_all

CUSTOMERS = """
name = "crm"
[files]
customers = { path = "customers.csv" }
[[records]]
record = "customer"
file = "customers"
key = ["No"]
[records.fields]
code = "No"
name = "Name"
phone = "Phone"
email = "Mail"
city = "City"
"""
HEADER = "No,Name,Phone,Mail,City\n"


def loaded(toml: str) -> Loaded:
    """A checked mapping from its text."""
    return Loaded(check(tomllib.loads(toml, parse_float=Decimal)), "0" * 64, "mapping.toml")


def write(folder: Path, **files: str | bytes) -> Path:
    """Write files: customers_csv="..." becomes customers.csv."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        stem, _, ending = name.rpartition("_")
        data = content.encode() if isinstance(content, str) else content
        (folder / f"{stem}.{ending}").write_bytes(data)
    return folder


async def bring_in(toml: str, folder: Path, **options: Any) -> Outcome:
    """Run an import of a folder."""
    return await run_import(loaded(toml), folder, work_folder=folder / ".work", **options)


async def table(sql: str, **params: Any) -> list[tuple[Any, ...]]:
    """Rows as tuples."""
    return [tuple(row.values()) for row in await fetch_all(sql, **params)]


async def count(name: str) -> int:
    return int((await fetch_all(f"SELECT count(*) AS n FROM {name}"))[0]["n"])


def counts(outcome: Outcome) -> tuple[int, int, int, int]:
    """(created, updated, skipped, failed) of all files."""
    account = outcome.account
    assert account.created + account.updated + account.skipped + account.failed == account.read
    return account.created, account.updated, account.skipped, account.failed


def reasons(outcome: Outcome) -> list[str]:
    return [note.reason for note in outcome.notes]
