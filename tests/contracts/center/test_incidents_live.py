"""Open pages of incidents say by themselves how long something has lasted."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest

from netops.center.incidents import handlers
from netops.center.incidents.actions import close_incident, open_incident
from netops.center.models import Incident
from shared import clock
from tests.support.center_people import center_site
from tests.support.databases import Templates
from tests.support.web_site import PASSWORD, Served, in_app


@pytest.fixture
def served(templates: Templates, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Served]:
    monkeypatch.setattr(handlers, "REFRESH_SECONDS", 0.3)
    with center_site(templates, "sqlite", tmp_path) as site, Served(site.app) as served:
        served.app = site.app
        yield served


@pytest.fixture
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=served.url, timeout=10) as found:
        token = found.get("/sign-in").text.split('name="csrf" value="')[1].split('"')[0]
        found.post("/sign-in", data={"csrf": token, "username": "ada", "password": PASSWORD})
        yield found


def ages(client: httpx.Client, url: str, count: int) -> list[str]:
    """The durations in so many messages of a stream to which nothing happens."""
    found: list[str] = []
    with client.stream("GET", url) as answer:
        for line in answer.iter_lines():
            found += re.findall(r"\b5 min \d+ s\b", line)[:1]
            if len(found) == count:
                return found
    return found


async def begun() -> Incident:
    opened_at = clock.now() - timedelta(minutes=5, seconds=10)
    return await open_incident(
        "alertmanager", "alertmanager a test", severity=2, opened_at=opened_at, branch="SH", nodes=[]
    )


def test_the_duration_of_what_is_open_moves_without_an_event(served: Served, client: httpx.Client) -> None:
    number = in_app(served.app, begun).number
    for url in ("/live/incidents", "/live/incidents?show=all", f"/incidents/{number}/live"):
        assert len(set(ages(client, url, 3))) > 1, url


def test_nothing_is_sent_while_nothing_is_open(served: Served, client: httpx.Client) -> None:
    async def ended() -> int:
        incident = await begun()
        await close_incident(incident, clock.now())
        return incident.number

    number = in_app(served.app, ended)
    client.timeout = httpx.Timeout(0.8)
    for url in ("/live/incidents", "/live/incidents?show=all", f"/incidents/{number}/live"):
        with pytest.raises(httpx.ReadTimeout):
            ages(client, url, 1)
