"""The center as a real process, with nodes that are enrolled before it starts."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from netops.center.models import Node
from netops.center.settings import CenterSettings
from netops.center.setup import APPS, prepare
from shared.database import open_database
from shared.web.accounts import create_account
from shared.web.passwords import Passwords
from tests.support import nursery
from tests.support.agent import ROOT, answers, until
from tests.support.center_site import settings_of
from tests.support.ports import free_port
from tests.support.web_site import PASSWORD


def prepared(folder: Path, nodes: Sequence[tuple[str, str, str]], database_url: str = "") -> CenterSettings:
    """A center's folder (and its database, when that lies elsewhere) with (name, branch, public key) enrolled, and an account
    "ada"."""
    settings = settings_of(folder, database_url=database_url)

    async def work() -> None:
        await prepare(settings)
        async with open_database(settings.url_of_database, APPS):
            await Node.bulk_create(
                [Node(name=name, branch=branch, public_key=key) for name, branch, key in nodes]
            )
            await create_account(
                Passwords(settings), username="ada", display_name="Ada", password=PASSWORD, person_id=None
            )

    asyncio.run(work())
    return settings


@contextmanager
def center_process(
    folder: Path, more: Mapping[str, str] | None = None
) -> Iterator[tuple[nursery.Forked, int]]:
    """The process and its port; ended at the end of the block."""
    port = free_port()
    env = {
        **os.environ,
        "TRUNKLINE_DATA_DIR": os.fspath(folder),
        "TRUNKLINE_PORT": str(port),
        "TRUNKLINE_ARGON2_MEMORY_KIB": "64",
        "TRUNKLINE_ARGON2_ROUNDS": "1",
        **(more or {}),
    }
    with (folder / "center.log").open("ab") as output:
        process = nursery.start("netops", ["netops", "center", "web"], cwd=ROOT, env=env, output=output)
    try:
        until(lambda: process.poll() is not None or answers(port), 60)
        assert process.poll() is None, (folder / "center.log").read_text()[-2000:]
        yield process, port
    finally:
        process.terminate()
        process.wait(20)
