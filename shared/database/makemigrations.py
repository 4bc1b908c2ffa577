"""`python -m shared.database.makemigrations`: a developer's command that writes migrations for changed models."""

import asyncio
import importlib
import sys

from shared.database.context import DatabaseApp
from shared.database.migrate import make_migrations

SITES = ("branch_node.app", "hq.app", "netops.center.app")


def site_apps() -> list[DatabaseApp]:
    """Every Tortoise app of every site, each once."""
    apps: dict[str, DatabaseApp] = {}
    for name in SITES:
        for app in importlib.import_module(name).APPS:
            apps[app.label] = app
    return list(apps.values())


def main() -> int:
    """Write what is missing; print the paths."""
    for path in asyncio.run(make_migrations(site_apps())):
        sys.stdout.write(f"{path}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
