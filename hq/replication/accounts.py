"""Carries a branch's sealed accounts to its standby: headquarters can neither read nor change them (shared.replication.sealing)."""

import msgspec

from hq.replication.feed_models import CarriedAccounts, StandbyNode
from shared import clock
from shared.database import transaction
from shared.errors import Refused
from shared.i18n import N_
from shared.replication.sealing import MAX_BUNDLE_BYTES, AccountsAsked, AccountsReply, Bundle


async def of_branch(said: AccountsAsked) -> AccountsReply:
    """Keep the branch's bundle when it is for the standby enrolled now and newer than the one that is here; the standby's offer.

    May be repeated. Raises Refused for what is no bundle of this branch."""
    async with transaction():
        standby = await StandbyNode.filter(branch=said.branch, status="following").select_for_update().first()
        if standby is None:
            return AccountsReply()
        carried = await _carried_to(standby)
        if said.bundle:
            await _keep(carried, said)
        return AccountsReply(standby.public_key, carried.offer)


async def _carried_to(standby: StandbyNode) -> CarriedAccounts:
    """What is on its way to this standby; what was for one before it is forgotten."""
    await CarriedAccounts.filter(branch=standby.branch).exclude(standby_key=standby.public_key).delete()
    found, _is_new = await CarriedAccounts.get_or_create(
        branch=standby.branch, defaults={"standby_key": standby.public_key}
    )
    return found


async def _keep(carried: CarriedAccounts, said: AccountsAsked) -> None:
    try:
        bundle = msgspec.json.decode(said.bundle, type=Bundle)
    except msgspec.MsgspecError:
        bundle = None
    if bundle is None or bundle.branch != said.branch or len(said.bundle) > MAX_BUNDLE_BYTES:
        raise Refused(N_("The sealed accounts cannot be read."), code="seal.bundle")
    if bundle.standby_key == carried.standby_key and bundle.number > carried.number:
        carried.number, carried.bundle, carried.kept_at = bundle.number, said.bundle, clock.now()
        await carried.save()


async def of_standby(said: AccountsAsked) -> AccountsReply:
    """Keep the standby's offer; the branch's bundle when it is newer than number `have`. Raises Refused when there is no standby."""
    async with transaction():
        standby = await StandbyNode.filter(branch=said.branch).select_for_update().first()
        if standby is None:
            raise Refused(N_("Branch %(branch)s has no standby."), code="standby.none", branch=said.branch)
        carried = await _carried_to(standby)
        if carried.offer != said.offer:
            carried.offer = said.offer
            await carried.save(update_fields=["offer"])
    return AccountsReply(bundle=carried.bundle if carried.number > said.have else "")
