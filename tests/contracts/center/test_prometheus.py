"""The center beside the real Prometheus, promtool and Alertmanager: what is deployed is valid, scraped, and told both ways."""

import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest
import yaml

from netops.center.incidents.actions import open_incident
from netops.center.models import Incident
from netops.center.nodes.actions import enrol
from netops.center.prometheus.rules import metric_name, node_page
from shared.clock import now
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from shared.nodes.report import Report, SampleBatch, SampleRow, ServiceState, StateReport, encode_body
from shared.web.me.actions import make_token
from shared.web.models import Account
from tests.support.agent import until
from tests.support.center_people import CenterSite, center_site
from tests.support.databases import Templates
from tests.support.ports import free_port
from tests.support.services import missing
from tests.support.web_site import Served, in_app

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"


def program(*names: str) -> str:
    """The first of these programs that is installed; skips with the reason when none is."""
    found = next((path for path in map(shutil.which, names) if path), None)
    return found or missing(
        f"{names[0]} is not installed (apt-get install prometheus prometheus-alertmanager)"
    )


def test_a_page_has_each_metric_once_with_its_labels_escaped() -> None:
    state = StateReport(at=now(), condition="busy", services=[ServiceState(name='w"b', state="running")])
    page = node_page(
        {"cpu_ratio": 0.5, "load_1": None, "service.web.rss_bytes": 7.0}, {"cpu_ratio": "ratio"}, state
    )
    assert "trunkline_node_cpu_ratio 0.5" in page and "load_1" not in page
    assert 'trunkline_service_rss_bytes{service="web"} 7.0' in page
    assert 'trunkline_node_condition{condition="busy"} 1.0' in page
    assert 'service="w\\"b",state="running"} 1.0' in page
    heads = [line for line in page.splitlines() if line.startswith("# TYPE")]
    assert len(heads) == len(set(heads))
    assert metric_name("service.a.b.is_ready") == ("trunkline_service_is_ready", {"service": "a.b"})


def test_promtool_and_amtool_take_what_is_deployed(tmp_path: Path) -> None:
    promtool, amtool = program("promtool"), program("amtool")
    folder = tmp_path / "prometheus"
    shutil.copytree(DEPLOY / "prometheus", folder)
    (folder / "center.token").write_text("token")
    for command in (
        [promtool, "check", "config", "prometheus.yml"],
        [promtool, "test", "rules", "rules_test.yml"],
        [amtool, "check-config", "alertmanager.yml"],
    ):
        done = subprocess.run(command, check=False, cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr


def test_dashboards_ask_for_series_that_exist() -> None:
    from netops.agent.collect import metric_units
    from shared.metrics import documented

    known = {metric_name(metric)[0] for metric in metric_units(["web"])} | {row.name for row in documented()}
    known |= {"trunkline_node_condition", "trunkline_service_state", "up"}
    rules = yaml.safe_load((DEPLOY / "prometheus/rules/trunkline.yml").read_text())
    known |= {rule["record"] for group in rules["groups"] for rule in group["rules"] if "record" in rule}
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    for path in (DEPLOY / "grafana/dashboards").glob("*.json"):
        for panel in json.loads(path.read_text())["panels"]:
            asked += [target["expr"] for target in panel["targets"]]
    named = r"(?:[a-z]+:)?\btrunkline_[a-z0-9_]+(?::[a-z0-9_]+)?"
    series = {name for text in asked for name in re.findall(named, text)}
    assert len(series) > 15
    assert {name for name in series if name not in known and plain(name) not in known} == set()


def plain(name: str) -> str:
    """The metric behind a series of a histogram."""
    return re.sub(r"_(bucket|sum|count)$", "", name)


@pytest.fixture(scope="module")
def served(
    templates: Templates, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[CenterSite, str]]:
    folder = tmp_path_factory.mktemp("center")
    with (
        center_site(templates, "sqlite", folder, late_seconds=600.0, silent_seconds=1_200.0) as site,
        Served(site.app) as server,
    ):
        yield site, server.url


@pytest.fixture(scope="module")
def token(served: tuple[CenterSite, str]) -> str:
    from netops.center.people import person_of

    async def make() -> str:
        account = await Account.get(username="ada")
        person = await person_of(account)
        assert person is not None
        return await make_token(
            account, person, name="prometheus", scopes=["node.view", "node.control"], days=1
        )

    return str(in_app(served[0].app, make))


def say(url: str, name: str, key: NodeKey, folder: Path) -> None:
    """One report of a node."""
    row = SampleRow(int(now().timestamp() * 1_000_000), [0.25, 4096.0])
    batch = SampleBatch(key=1, names=["cpu_ratio", "service.web.rss_bytes"], rows=[row])
    state = StateReport(at=now(), services=[ServiceState(name="web", state="running")])
    body, headers = encode_body(Report(at=now(), state=state, items=[batch]))
    signer = RequestSigner(key, name, BootSource(folder / "boot").next_boot())
    signed = signer.headers("POST", "/agent/v1/report", body)
    assert (
        httpx2.post(f"{url}/agent/v1/report", content=body, headers={**headers, **signed}).status_code == 200
    )


@contextmanager
def running(command: list[str], folder: Path, ready: str) -> Iterator[None]:
    """A daemon for the length of the block; ended by its own process."""
    with (folder / "daemon.log").open("wb") as log:
        child = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)
    try:
        until(lambda: answer(ready), 20)
        yield
    finally:
        child.terminate()
        child.wait(10)


def answer(url: str, **more: Any) -> Any:
    try:
        found = httpx2.get(url, **more)
    except httpx2.HTTPError:
        return None
    return found if found.status_code == 200 else None


def scrape_config(url: str, token: str) -> str:
    """What is deployed, with this test's addresses and a shorter interval."""
    config = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    del config["alerting"]
    sites, nodes = config["scrape_configs"]
    sites["static_configs"] = [{"targets": [url.removeprefix("http://")], "labels": {"site": "center"}}]
    nodes |= {"scrape_interval": "1s", "authorization": {"type": "Bearer", "credentials": token}}
    nodes["http_sd_configs"] = [
        {
            "url": f"{url}/prometheus/targets",
            "refresh_interval": "1s",
            "authorization": {"type": "Bearer", "credentials": token},
        }
    ]
    return str(yaml.safe_dump(config))


def test_prometheus_finds_the_nodes_scrapes_them_and_sees_a_silent_one(served, token, tmp_path) -> None:
    prometheus = program("prometheus")
    site, url = served
    live, silent = NodeKey.generate(), NodeKey.generate()
    for name, key in (("gz-db1", live), ("gz-web", silent)):
        in_app(site.app, lambda: enrol(name, "db", key.public_text, branch="GZ", fleet=site.app.state.fleet))  # noqa: B023
    say(url, "gz-db1", live, tmp_path)
    assert answer(f"{url}/prometheus/targets") is None
    shutil.copytree(DEPLOY / "prometheus/rules", tmp_path / "rules")
    (tmp_path / "prometheus.yml").write_text(scrape_config(url, token))
    port = free_port()
    listen = f"127.0.0.1:{port}"
    command = [
        prometheus,
        "--config.file=prometheus.yml",
        f"--web.listen-address={listen}",
        "--storage.tsdb.path=data",
    ]
    api = f"http://{listen}/api/v1/query"

    def values(query: str) -> dict[str, float]:
        found = answer(api, params={"query": query})
        rows = found.json()["data"]["result"] if found else []
        return {row["metric"].get("node", ""): float(row["value"][1]) for row in rows}

    with running(command, tmp_path, f"http://{listen}/-/ready"):
        until(lambda: values('up{job="trunkline-nodes"}') == {"gz-db1": 1.0, "gz-web": 0.0}, 30)
        until(lambda: values("trunkline_node_cpu_ratio") == {"gz-db1": 0.25}, 30)
        until(
            lambda: values('trunkline_service_rss_bytes{service="web", branch="GZ"}') == {"gz-db1": 4096.0},
            30,
        )
        until(lambda: values('up{job="trunkline-sites", site="center"}') == {"": 1.0}, 30)
        until(lambda: values("branch:trunkline_nodes:up") == {"": 1.0}, 30)


def test_alertmanager_and_the_center_tell_each_other(served, token, tmp_path) -> None:
    alertmanager = program("prometheus-alertmanager", "alertmanager")
    site, url = served
    config = yaml.safe_load((DEPLOY / "prometheus/alertmanager.yml").read_text())
    config["route"] |= {"group_wait": "0s", "group_interval": "1s"}
    hook = config["receivers"][1]["webhook_configs"][0]
    hook |= {
        "url": f"{url}/prometheus/alerts",
        "http_config": {"authorization": {"type": "Bearer", "credentials": token}},
    }
    (tmp_path / "alertmanager.yml").write_text(yaml.safe_dump(config))
    listen = f"127.0.0.1:{free_port()}"
    base = f"http://{listen}"
    command = [
        alertmanager, "--config.file=alertmanager.yml", f"--web.listen-address={listen}", "--storage.path=data",
        "--cluster.listen-address=",
    ]  # fmt: skip
    alert = {"labels": {"alertname": "DiskFillsUp", "node": "gz-db1", "severity": "critical"}}

    async def causes() -> list[tuple[str, int, bool]]:
        found = await Incident.filter(kind="alertmanager").order_by("number")
        return [(one.cause, one.severity, one.closed_at is None) for one in found]

    with running(command, tmp_path, f"{base}/-/ready"):
        httpx2.post(f"{base}/api/v2/alerts", json=[alert]).raise_for_status()
        expected = "alertmanager DiskFillsUp node=gz-db1 severity=critical"
        until(lambda: in_app(site.app, causes) == [(expected, 1, True)], 20)
        over = {**alert, "endsAt": now().isoformat()}
        httpx2.post(f"{base}/api/v2/alerts", json=[over]).raise_for_status()
        until(lambda: in_app(site.app, causes) == [(expected, 1, False)], 20)
        in_app(
            site.app,
            lambda: open_incident("silent", "silent gz-web", severity=1, opened_at=now(), nodes=["gz-web"]),
        )
        tell(site, base)
        names = [one["labels"]["alertname"] for one in httpx2.get(f"{base}/api/v2/alerts").json()]
        assert "trunkline_silent" in names and "trunkline_alertmanager" not in names
        assert len(in_app(site.app, causes)) == 1


def tell(site: CenterSite, url: str) -> None:
    """What the center does once a minute."""
    import dataclasses

    import httpx

    from netops.center.prometheus.actions import tell_alertmanager

    class Told:
        state = type("State", (), {"settings": dataclasses.replace(site.settings, alertmanager_url=url)})

    async def work() -> int:
        async with httpx.AsyncClient() as client:
            return await tell_alertmanager(Told, client)  # type: ignore[arg-type]

    assert in_app(site.app, work) == 1
