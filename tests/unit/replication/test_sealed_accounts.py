"""A promoted standby knows the branch's people, and headquarters, which carries their accounts, can neither read nor change them;
on both engines."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pyotp
import pytest

from branch_node.replication import accounts
from branch_node.replication.snapshot_models import AccountSealing, SealedAccounts
from hq.replication import accounts as carrying
from hq.replication import standby as standbys
from hq.replication.feed_models import CarriedAccounts
from shared import clock
from shared.database import Database, fetch_all
from shared.errors import Conflict, Invalid
from shared.nodes.identity import NodeKey
from shared.replication.sealing import (
    ACCOUNTS_PATH,
    AccountsAsked,
    Bundle,
    Invitation,
    Offer,
    SealingKey,
    SealRefused,
    open_bundle,
    seal,
)
from shared.web.accounts import create_account, disable_account
from shared.web.me.actions import sign_in
from shared.web.models import Account, ApiToken, SavedView, Session
from shared.web.passwords import Passwords
from shared.web.settings import WebSettings
from tests.support.databases import ENGINES, Templates, fresh_database

PASSWORD = "blue harbour 17"
SECRET = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"


@dataclass
class Company:
    """A branch, its standby and headquarters; every request goes to headquarters' own code."""

    branch: Database
    standby: Database
    hq: Database
    folder: Path
    passwords: Passwords
    settings: WebSettings

    async def _ask(self, work: Any, body: bytes) -> bytes:
        with self.hq.use():
            reply = await work(msgspec.json.decode(body, type=AccountsAsked))
        return msgspec.json.encode(reply)

    async def from_branch(self, path: str, body: bytes) -> bytes:
        assert path == ACCOUNTS_PATH
        return await self._ask(carrying.of_branch, body)

    async def from_standby(self, path: str, body: bytes) -> bytes:
        return await self._ask(carrying.of_standby, body)

    async def seal(self) -> None:
        with self.branch.use():
            await accounts.keep_sealed(self.from_branch, self.folder / "branch")

    async def fetch(self) -> bool:
        with self.standby.use():
            return await accounts.fetch_sealed(self.from_standby)

    async def open(self) -> int:
        with self.standby.use():
            return await accounts.open_accounts(self.folder / "standby")

    async def enrol_standby(self) -> None:
        key = NodeKey.load_or_create(self.folder / "standby" / "node.key")
        with self.hq.use():
            await standbys.enrol_standby("SH", key.public_text)

    async def pair(self) -> None:
        await self.enrol_standby()
        with self.branch.use():
            text = await accounts.invite(self.folder / "branch")
        with self.standby.use():
            await accounts.pair(text, self.folder / "standby")
        await self.fetch()

    async def add(self, name: str, totp: str = "") -> Account:
        with self.branch.use():
            made = await create_account(
                self.passwords, username=name, display_name=name.title(), password=PASSWORD
            )
            await Account.filter(id=made.id).update(totp_secret=totp)
        return made

    async def enters_standby(self, name: str, code: str = "") -> Account:
        with self.standby.use():
            return await sign_in(
                self.passwords, self.settings, username=name, password=PASSWORD, code=code, address="::1"
            )

    async def carried(self) -> str:
        """The newest bundle at headquarters, as text."""
        with self.hq.use():
            return (await CarriedAccounts.get(branch="SH")).bundle

    async def bundle(self) -> Bundle:
        return msgspec.json.decode(await self.carried(), type=Bundle)


@pytest.fixture(params=ENGINES)
async def company(
    request: pytest.FixtureRequest, templates: Templates, tmp_path: Path
) -> AsyncIterator[Company]:
    settings = WebSettings(argon2_rounds=1, argon2_memory_kib=64)
    async with AsyncExitStack() as stack:
        open_one = [
            await stack.enter_async_context(fresh_database(templates, request.param, kind, tmp_path))
            for kind in ("branch", "branch", "hq")
        ]
        yield Company(*open_one, tmp_path, Passwords(settings), settings)


async def test_people_of_the_branch_sign_in_at_the_promoted_standby(company: Company) -> None:
    lin, wei = await company.add("lin"), await company.add("wei", SECRET)
    with company.branch.use():
        await ApiToken.create(token_hash="h" * 64, name="till", account=lin, scopes=["a"], created_at=clock.now())  # fmt: skip
        await SavedView.create(account=lin, list_url="/x", name="mine", query="a=1", created_at=clock.now())
        await Session.create(
            token_hash="s" * 64, account=lin, created_at=clock.now(), seen_at=clock.now(), expires_at=clock.now()
        )  # fmt: skip
    await company.pair()
    await company.seal()
    assert await company.fetch()
    with company.standby.use():
        assert not await Account.exists(), "sealed until the promotion"
    assert await company.open() == 2
    assert (await company.enters_standby("lin")).id == lin.id
    now = int(clock.now().timestamp()) // 30
    maker = pyotp.TOTP(SECRET)
    with pytest.raises(Invalid):  # it may have been used at the branch a second ago
        await company.enters_standby("wei", maker.generate_otp(now))
    assert (await company.enters_standby("wei", maker.generate_otp(now + 1))).id == wei.id
    with company.standby.use():
        assert [(row.name, row.scopes) for row in await ApiToken.all()] == [("till", ["a"])]
        assert [row.query for row in await SavedView.all()] == ["a=1"]
        assert not await Session.exists()
        await Account.filter(id=lin.id).update(display_name="changed here since")
    assert await company.open() == 0, "a promotion that is repeated gives nobody their old account back"
    with company.standby.use():
        assert (await Account.get(id=lin.id)).display_name == "changed here since"
        with pytest.raises(Conflict):
            await accounts.pair(Invitation.make("ed25519:" + "A" * 43).text, company.folder / "standby")


async def test_every_column_of_an_account_is_sealed_or_left_out_on_purpose(company: Company) -> None:
    left = {"totp_last_step", "used_at"}
    for model, shape in (
        (Account, accounts.SealedAccount),
        (ApiToken, accounts.SealedToken),
        (SavedView, accounts.SealedView),
    ):
        assert set(model._meta.fields_db_projection) - left == set(shape.__struct_fields__)


async def test_headquarters_holds_nothing_that_it_can_read(company: Company) -> None:
    lin = await company.add("lin.xiaoyu.sh", SECRET)
    await company.pair()
    await company.seal()
    with company.branch.use():
        stored = (await Account.get(id=lin.id)).password_hash
    with company.hq.use():
        found = json.dumps(await fetch_all("SELECT * FROM carried_accounts"), default=str)
    box = (await company.bundle()).box
    for secret in (b"lin.xiaoyu.sh", SECRET.encode(), stored.encode(), str(lin.id).encode()):
        assert secret.decode() not in found and secret not in box
        assert base64.b64encode(secret)[:12].decode() not in found
    for name in ("another machine", "headquarters"):
        with pytest.raises(SealRefused) as refused:
            open_bundle(await company.bundle(), SealingKey.load_or_create(company.folder / name / "seal.key"))
        assert refused.value.code == "seal.key"


async def test_an_account_removed_at_the_branch_is_gone_and_an_older_bundle_is_refused(
    company: Company,
) -> None:
    await company.add("lin"), await company.add("eve")
    await company.pair()
    await company.seal()
    with company.hq.use():
        older = (await CarriedAccounts.get(branch="SH")).bundle
    with company.branch.use():
        await Account.filter(username="eve").delete()
        await disable_account(await Account.get(username="lin"))
    await company.seal()
    assert await company.fetch()
    for _twice in range(2):  # headquarters gives the older one out again, under whatever number
        with company.hq.use():
            await CarriedAccounts.filter(branch="SH").update(bundle=older, number=2**62)
        assert not await company.fetch()
    assert await company.open() == 1
    with pytest.raises(Invalid):
        await company.enters_standby("lin")
    with company.standby.use():
        assert [row.username for row in await Account.all()] == ["lin"]


async def test_unchanged_accounts_are_sealed_again_only_after_an_hour(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await company.add("lin")
    await company.pair()
    numbers = []
    for _ in range(2):
        await company.seal()
        numbers.append((await company.bundle()).number)
    assert numbers[0] == numbers[1]
    later = clock.now() + timedelta(minutes=61)
    monkeypatch.setattr(clock, "now", lambda: later)
    await company.seal()
    assert (await company.bundle()).number > numbers[1]


async def bring_first_accounts(company: Company) -> None:
    """A paired standby that has the branch's accounts."""
    await company.add("lin")
    await company.pair()
    await company.seal()
    assert await company.fetch()


async def test_the_number_grows_also_when_the_branch_was_put_back_from_an_older_copy(
    company: Company,
) -> None:
    await bring_first_accounts(company)
    with company.branch.use():
        await AccountSealing.filter(id=1).update(number=0, digest="")
    await asyncio.sleep(0.002)
    await company.seal()
    assert await company.fetch()


async def test_headquarters_can_neither_take_the_standbys_place_nor_the_branchs(company: Company) -> None:
    await company.add("lin")
    await company.pair()
    fake_node, fake_seal = NodeKey.generate(), SealingKey.load_or_create(company.folder / "hq" / "seal.key")
    with company.hq.use():
        own = (await CarriedAccounts.get(branch="SH")).offer
        forged = accounts.make_offer(
            Invitation.make(NodeKey.load_or_create(company.folder / "branch" / "node.key").public_text),
            fake_node, fake_seal, "SH",
        )  # fmt: skip
        await CarriedAccounts.filter(branch="SH").update(offer=forged)
    await company.seal()
    assert not await company.carried(), "nothing is sealed to a key that nobody was invited with"
    with company.hq.use():
        await CarriedAccounts.filter(branch="SH").update(offer=own)
    await company.seal()
    assert await company.fetch()
    offer = msgspec.json.decode(own, type=Offer)
    false = seal(b'{"accounts":[],"tokens":[],"views":[]}', fake_node, offer, 2**60, 0)
    with company.hq.use():
        await CarriedAccounts.filter(branch="SH").update(bundle=false, number=2**60)
    assert not await company.fetch()
    assert await company.open() == 1


async def test_an_altered_bundle_is_refused_and_holds_up_nothing(company: Company) -> None:
    await company.add("lin")
    await company.pair()
    await company.seal()
    bundle = await company.bundle()
    box = bytearray(bundle.box)
    box[7] ^= 1
    for altered in (
        msgspec.structs.replace(bundle, box=bytes(box)),
        msgspec.structs.replace(bundle, number=bundle.number + 1),
        msgspec.structs.replace(bundle, sealed_at=bundle.sealed_at + 1),
    ):
        with company.hq.use():
            text = msgspec.json.encode(altered).decode()
            await CarriedAccounts.filter(branch="SH").update(bundle=text)
        assert not await company.fetch()
    assert await company.open() == 0


async def test_another_standby_gets_nothing_until_it_is_invited(company: Company) -> None:
    await company.add("lin")
    await company.pair()
    await company.seal()
    with company.hq.use():
        await standbys.enrol_standby("SH", NodeKey.generate().public_text)
        assert not await CarriedAccounts.exists()
    await company.add("wei")
    await company.seal()
    assert not await company.carried()
    with company.branch.use():
        assert (await AccountSealing.get(id=1)).offer == "", "the branch seals to nobody now"


async def test_an_invitation_ends_after_a_day_and_half_a_text_is_none(
    company: Company, monkeypatch: pytest.MonkeyPatch
) -> None:
    await company.add("lin")
    await company.pair()
    later = clock.now() + timedelta(hours=25)
    monkeypatch.setattr(clock, "now", lambda: later)
    await company.seal()
    assert not await company.carried()
    text = Invitation.make("ed25519:" + "A" * 43).text
    for part in (text[:-3], text[5:], "", "tla1.x.y"):
        with company.standby.use(), pytest.raises(SealRefused):
            await accounts.pair(part, company.folder / "standby")


async def test_an_invitation_is_answered_when_newer_accounts_come_and_not_by_those_of_the_pairing_before(
    company: Company, caplog: pytest.LogCaptureFixture
) -> None:
    await company.add("lin")
    await company.pair()

    async def is_answered(after: int) -> bool:
        with company.standby.use():
            return await accounts.is_answered(company.from_standby, after)

    assert not await is_answered(0)
    await company.seal()
    assert await is_answered(0)
    with company.standby.use():
        before = await accounts.newest_number(company.from_standby)
    assert before > 0
    with company.branch.use():
        text = await accounts.invite(company.folder / "branch")
    wrong = Invitation("x" * 43, Invitation.from_text(text).branch_key).text
    for invitation, answered in ((wrong, False), (text, True)):
        with company.standby.use():
            await accounts.pair(invitation, company.folder / "standby")
        assert not await is_answered(before)
        for _ in range(3):
            await company.seal()
        assert await is_answered(before) is answered
    assert caplog.text.count("offer_refused") == 1, "told once, and looked at every few seconds"


async def test_accounts_of_the_pairing_before_are_opened_while_the_last_one_has_brought_none(
    company: Company,
) -> None:
    await bring_first_accounts(company)
    stranger = NodeKey.load_or_create(company.folder / "stranger" / "node.key")
    for invitation in (Invitation.make(stranger.public_text).text,) * 2:
        with company.standby.use():
            await accounts.pair(invitation, company.folder / "standby")
        assert not await company.fetch()
    assert await company.open() == 1
    assert (await company.enters_standby("lin")).username == "lin"
    with company.standby.use(), pytest.raises(Conflict):
        await accounts.pair(Invitation.make(stranger.public_text).text, company.folder / "standby")


async def test_accounts_of_the_pairing_before_are_gone_once_the_last_one_has_brought_its_own(
    company: Company,
) -> None:
    await company.add("lin")
    for name in ("zhou", "wang"):
        await company.add(name)
        await company.pair()
        for _ in range(2):
            await company.seal()
        await company.fetch()
    with company.standby.use():
        assert await SealedAccounts.all().count() == 1
    assert await company.open() == 3
