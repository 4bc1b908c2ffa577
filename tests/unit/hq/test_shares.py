"""A shared link shows what both its sharer and its reader may see, read-only, until it ends."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from hq.models import HqPerson
from hq.people.actions import change_person, lock_person
from hq.shares.models import Share
from shared import clock
from shared.clock import FixedClock
from shared.records import AuditEntry
from tests.support.hq_site import Headquarters, headquarters, running, site_on_each_engine
from tests.support.hq_world import NOON
from tests.support.site_client import Client
from tests.support.web_site import Visitor, in_app

site = site_on_each_engine

OTHERS = ("Shanghai", "Harbin", "Head office")
VIEW = "/receivables?as_of=2026-11-20"


def share(visitor: Visitor, address: str = VIEW, **fields: str) -> str:
    """The path of a new link."""
    visitor.open("/shares")
    visitor.open(f"/shares/new?address={address}")
    answer = visitor.send("/shares/new", address=address, days="7", **fields)
    found = re.search(r"/shared/([\w-]+)", answer.text)
    assert found, answer.text
    return found[0]


def changed(site: Headquarters, name: str, **values: Any) -> None:
    """Somebody's roles or branches, given anew by the administrator."""

    async def work() -> None:
        row = await HqPerson.get(name=name)
        given = {"name": name, "email": "", "roles": row.roles, "branches": row.branches, **values}
        await change_person(row.id, **given)

    in_app(site.app, work)


def test_a_reader_sees_the_branches_of_both_and_nothing_to_press(site: Headquarters, client: Client) -> None:
    link = share(site.visitor(client, "chen"))
    mei = site.visitor(client, "mei")
    answer = mei.open(link)
    assert answer.status_code == 200
    body = answer.text.partition("<main")[2].partition("</main>")[0]
    assert "Paris" in body
    assert not [word for word in OTHERS if word in body]
    assert "<a " not in body
    assert "<form" not in body
    assert "<svg" not in body or "<style" not in body, "the site's rules forbid styles within a page"


def test_the_link_of_mei_shows_chen_only_her_branches(site: Headquarters, client: Client) -> None:
    link = share(site.visitor(client, "mei"))
    changed(site, "Mei", branches=None)  # she may see more now: the link does not
    chen = site.visitor(client, "chen")
    text = chen.open(link).text
    assert "Tokyo" in text
    assert not [word for word in OTHERS if word in text]


def test_what_the_sharer_may_not_see_any_more_the_link_does_not_show(
    site: Headquarters, client: Client
) -> None:
    link = share(site.visitor(client, "mei"))
    changed(site, "Mei", branches=["TYO"])
    chen = site.visitor(client, "chen")
    assert "Paris" not in chen.open(link).text
    changed(site, "Mei", branches=["SH"])
    assert chen.open(link).status_code == 403
    changed(site, "Mei", branches=["TYO"], roles=["hq_admin"])
    assert chen.open(link).status_code == 403


def test_a_link_ends_when_revoked_expired_or_its_sharer_is_locked_out(
    site: Headquarters, client: Client
) -> None:
    mei = site.visitor(client, "mei")
    first, second = share(mei), share(mei)
    mei.open("/shares")
    assert "open until" in mei.page
    mei.send(re.findall(r'action="(/shares/[\w-]+/revoke)"', mei.page)[-1])
    assert [mei.open(link).status_code for link in (first, second)] == [404, 200]
    with clock.use(FixedClock(NOON + timedelta(days=7))):
        site.visitor(client, "mei")
        assert mei.open(second).status_code == 404
    chen = site.visitor(client, "chen")
    assert chen.open(second).status_code == 200

    async def lock() -> None:
        await lock_person((await HqPerson.get(name="Mei")).id)

    in_app(site.app, lock)
    assert chen.open(second).status_code == 404


def test_a_stranger_is_asked_to_sign_in_and_a_guess_finds_nothing(site: Headquarters, client: Client) -> None:
    link = share(site.visitor(client, "chen"))
    client.cookies.clear()
    answer = client.get(link, follow_redirects=False)
    assert answer.headers["location"].startswith("/sign-in?next=/shared/")
    assert client.get("/shared/guess").status_code == 404


def test_only_the_maker_or_an_administrator_revokes(site: Headquarters, client: Client) -> None:
    chen = site.visitor(client, "chen")
    link = share(chen)
    chen.open("/shares")
    action = re.findall(r'action="(/shares/[\w-]+/revoke)"', chen.page)[0]
    mei = site.visitor(client, "mei")
    mei.open("/shares")
    assert action not in mei.page
    assert mei.send(action).status_code == 404
    tang = site.visitor(client, "tang")
    tang.open("/shares")
    tang.send(action)
    assert site.visitor(client, "chen").open(link).status_code == 404


@pytest.mark.parametrize(
    "address", ["/people", "//evil.example/receivables", "https://evil.example/", "/shared/x"]
)
def test_only_views_of_this_site_are_shared(site: Headquarters, client: Client, address: str) -> None:
    chen = site.visitor(client, "chen")
    chen.open("/keys")
    assert chen.send("/shares/new", address=address, days="7").status_code == 404


def test_a_public_link_needs_the_setting_and_opens_without_signing_in(tmp_path: Path) -> None:
    closed = headquarters(tmp_path)
    with running(closed) as client:
        chen = closed.visitor(client, "chen")
        chen.open(f"/shares/new?address={VIEW}")
        assert "is_public" not in chen.page
        assert chen.send("/shares/new", address=VIEW, days="7", is_public="1").status_code == 403
    (tmp_path / "open").mkdir()
    site = headquarters(tmp_path / "open", public_links=True)
    with running(site) as client:
        link = share(site.visitor(client, "mei"), is_public="1")
        client.cookies.clear()
        answer = client.get(link, headers={"accept-language": "en"})
        assert answer.status_code == 200
        assert answer.headers["x-robots-tag"] == "noindex, nofollow"
        assert "Tokyo" in answer.text
        assert not [word for word in OTHERS if word in answer.text]


def test_what_is_done_with_links_is_in_the_audit_trail_and_no_token_is_kept(
    site: Headquarters, client: Client
) -> None:
    link = share(site.visitor(client, "chen"))
    site.visitor(client, "mei").open(link)

    async def kept() -> tuple[list[str], str]:
        actions = await AuditEntry.filter(entity="hq_share").order_by("id").values_list("action", flat=True)
        return list(actions), (await Share.get()).token_hash  # type: ignore[arg-type]

    actions, kept_hash = in_app(site.app, kept)
    assert actions == ["share.created", "share.opened"]
    assert kept_hash not in link
