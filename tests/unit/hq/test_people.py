"""Users of headquarters: added, changed, locked out; never without an administrator."""

import re
from typing import Any

from shared.records import AuditEntry
from shared.web.models import Account
from tests.support.hq_site import Headquarters
from tests.support.site_client import Client
from tests.support.web_site import PASSWORD, Visitor, in_app


def address_of(tang: Visitor, name: str) -> str:
    tang.open("/people")
    found = re.search(rf'href="(/people/[0-9a-f-]+)">{name}', tang.page)
    assert found
    return found[1]


def test_a_new_user_sees_exactly_the_chosen_branches(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    tang.open("/people/new")
    tang.send(
        "/people/new",
        name="Ng",
        username="ng",
        password="tea and toast",
        roles=["executive"],
        branches=["TYO"],
    )
    assert "Ng added." in tang.text()
    client.cookies.clear()
    ng = Visitor(client)
    ng.sign_in("ng", "tea and toast")
    found = ng.client.get("/api/v1/figures/sales").json()
    assert [mark["branch"] for mark in found["watermarks"]] == ["TYO"]


def test_all_mistakes_are_shown_at_once(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    tang.open("/people/new")
    answer = tang.send("/people/new", follow=False, name="", username="", password="")
    assert answer.status_code == 422
    assert "3 entries need correcting" in tang.text()
    answer = tang.send(
        "/people/new", follow=False, name="A", username="a1", password="long enough", roles=["salesperson"]
    )
    assert answer.status_code == 422
    answer = tang.send("/people/new", follow=False, name="A", username="chen", password="long enough", roles=["executive"], all_branches="1")  # fmt: skip
    assert answer.status_code == 422
    assert "taken" in tang.text()


def test_a_change_of_branches_holds_at_the_next_click(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    url = address_of(tang, "Mei")
    tang.open(url)
    tang.send(url, name="Mei", email="", roles=["executive"], branches=["SH"])
    mei = site.visitor(client, "mei")
    assert mei.open("/branches/SH").status_code == 200
    assert mei.open("/branches/PAR").status_code == 404


def test_somebody_locked_out_is_out_at_once_and_may_come_back(site: Headquarters, client: Client) -> None:
    mei = site.visitor(client, "mei")
    cookies = dict(client.cookies)
    tang = site.visitor(client, "tang")
    url = address_of(tang, "Mei")
    tang.open(f"{url}/lock")
    assert "Lock out Mei?" in tang.text()
    tang.send(f"{url}/lock")
    client.cookies.clear()
    client.cookies.update(cookies)
    assert mei.client.get("/branches", follow_redirects=False).status_code == 303
    client.cookies.clear()
    assert "sign-in" in str(Visitor(client).sign_in("mei").url)
    tang = site.visitor(client, "tang")
    tang.open(url)
    tang.send(f"{url}/unlock")
    assert site.visitor(client, "mei").open("/branches").status_code == 200


def test_the_last_administrator_stays(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    url = address_of(tang, "唐敏")
    tang.open(f"{url}/lock")
    assert tang.send(f"{url}/lock", follow=False).status_code == 409
    tang.open(url)
    assert tang.send(url, follow=False, name="唐敏", roles=["executive"], all_branches="1").status_code == 409


def test_a_new_password_ends_the_old_one(site: Headquarters, client: Client) -> None:
    tang = site.visitor(client, "tang")
    url = address_of(tang, "Mei")
    tang.open(url)
    tang.send(f"{url}/password", password="another long walk")
    client.cookies.clear()
    assert "sign-in" in str(Visitor(client).sign_in("mei", PASSWORD).url)
    client.cookies.clear()
    assert "sign-in" not in str(Visitor(client).sign_in("mei", "another long walk").url)


def test_an_account_is_unlinked_from_the_company_by_an_administrator_and_by_oneself(
    site: Headquarters, client: Client
) -> None:
    def bind() -> Any:
        return Account.filter(username="mei").update(oidc_subject="https://id.example u-1")

    in_app(site.app, bind)
    tang = site.visitor(client, "tang")
    url = address_of(tang, "Mei")
    assert f"{url}/company/unlink" in tang.open(url).text
    tang.send(f"{url}/company/unlink")
    assert "no longer opens the account of Mei" in tang.text()
    tang.send(f"{url}/company/allow")
    in_app(site.app, bind)
    mei = site.visitor(client, "mei")
    mei.open("/me")
    mei.send("/me/company/unlink", company_current=PASSWORD)

    async def told() -> list[tuple[str, str]]:
        rows = await AuditEntry.filter(action__startswith="account.").order_by("recorded_at")
        return [(row.action, row.person_name) for row in rows]

    assert in_app(site.app, told) == [
        ("account.unlinked", "唐敏"), ("account.linkable", "唐敏"), ("account.unlinked", "Mei"),
    ]  # fmt: skip
