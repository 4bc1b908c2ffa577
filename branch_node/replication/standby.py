"""A standby: follows its branch at headquarters, and takes it over when told to.

Order of a promotion: 1 headquarters makes this node the branch's and refuses the one before (fencing): its cursor
stands still from then on; 2 what it holds is fetched to the end; 3 the branch's accounts are opened, where this node was invited
(accounts.py); 4 the copy is proved and the database opened under a new epoch.
Each step may be repeated; a promotion that was cut is finished by the next call.
"""

import asyncio
from contextlib import suppress
from pathlib import Path

import structlog

from branch_node.home import home
from branch_node.replication.accounts import fetch_sealed, open_accounts
from branch_node.replication.bootstrap import (
    Headquarters,
    NotNow,
    Told,
    fetch_page,
    fetch_until_whole,
    open_database,
)
from branch_node.replication.snapshot_models import SnapshotState
from shared.errors import Refused
from shared.load_state import set_fence
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.replication.snapshot import PROMOTE_PATH, STANDBY, Promotion

log = structlog.get_logger(__name__)
ACCOUNTS_EVERY_SECONDS = 5.0


def signer_of(folder: Path, code: str, *, is_standby: bool) -> RequestSigner:
    """A signer for this process, as the branch's node or as its standby."""
    key = NodeKey.load_or_create(folder / "node.key")
    return RequestSigner(key, code + STANDBY if is_standby else code, BootSource(folder / "boot").next_boot())


async def follow(
    hq: Headquarters, folder: Path, every_seconds: float, told: Told, once: bool = False
) -> None:
    """Fetch what is new, again and again; with `once` return when the copy is whole. A fence that stands here from an earlier
    turn as the branch is taken away then: who follows has no place to lose."""
    await fetch_until_whole(hq, told)
    set_fence(folder, False)
    asked_at = -ACCOUNTS_EVERY_SECONDS
    while not once:
        if (now := asyncio.get_running_loop().time()) >= asked_at + ACCOUNTS_EVERY_SECONDS:
            asked_at = now
            with suppress(NotNow, Refused):  # asked again in a moment
                await fetch_sealed(hq.post)
        await asyncio.sleep(every_seconds)
        told(await fetch_page(hq))


async def promote(
    hq: Headquarters, folder: Path, url: str, told: Told, if_silent_seconds: float = 0.0
) -> SnapshotState:
    """Take the branch over. Raises NotEqual when the copy is not headquarters', NotNow never: it waits. With
    `if_silent_seconds` Conflict when headquarters heard the branch's node within that time."""
    await hq.insist(PROMOTE_PATH, Promotion(home().code, if_silent_seconds))
    await fetch_until_whole(hq, told)
    await take_accounts(hq, folder)
    async with Headquarters(url, signer_of(folder, home().code, is_standby=False)) as as_branch:
        return await open_database(as_branch, folder)


async def take_accounts(hq: Headquarters, folder: Path) -> None:
    """The newest sealed accounts, opened. What is wrong with them is logged and holds up no promotion."""
    try:
        with suppress(NotNow):
            await fetch_sealed(hq.post)
        await open_accounts(folder)
    except Refused as refused:
        log.error("accounts_not_opened", code=refused.code, reason=refused.message)
