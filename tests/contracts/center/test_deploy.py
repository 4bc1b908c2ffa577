"""What is deployed fits together: compose services, node files, units, addresses."""

import configparser
import os
import re
import shutil
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

from netops.agent.settings import read_node_file
from tests.support.services import missing

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
ENV = {"POSTGRES_PASSWORD": "p", "GRAFANA_PASSWORD": "g"}
LARGE = {
    "postgres",
    "valkey",
    "prometheus",
    "alertmanager",
    "grafana",
    "hq",
    "branch-sh",
    "branch-par",
    "center",
    "proxy",
}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    return dict(yaml.safe_load((ROOT / "docker-compose.yml").read_text("utf-8"))["services"])


def compose_command() -> list[str] | None:
    """`docker compose` or `docker-compose`, whichever is installed."""
    docker = shutil.which("docker")
    if (
        docker
        and not subprocess.run([docker, "compose", "version"], check=False, capture_output=True).returncode
    ):
        return [docker, "compose"]
    alone = shutil.which("docker-compose")
    return [alone] if alone else None


def test_docker_takes_the_compose_file() -> None:
    command = compose_command()
    if command is None:
        missing("docker compose is not installed: the wiring is checked by the other tests")
    words = [*command, "config", "--quiet"]
    done = subprocess.run(
        words, check=False, cwd=ROOT, env={**os.environ, **ENV}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_the_large_set_up_is_complete_and_every_mount_and_dependency_exists(compose: dict[str, Any]) -> None:
    assert compose.keys() >= LARGE
    for name, service in compose.items():
        for other in service.get("depends_on", ()):
            assert other in compose, f"{name} depends on {other}"
        for mount in service.get("volumes", ()):
            source = mount.split(":")[0]
            assert not source.startswith("./") or (ROOT / source).exists(), f"{name} mounts {source}"


def test_addresses_name_services_that_exist(compose: dict[str, Any]) -> None:
    texts = [(ROOT / "docker-compose.yml").read_text("utf-8")]
    texts += [
        path.read_text("utf-8") for path in DEPLOY.rglob("*") if path.suffix in (".yml", ".toml", ".conf")
    ]
    for host in re.findall(r"(?:https?|redis)://(?:[^/@\s]*@)?([a-z][a-z0-9-]*):\d+", " ".join(texts)):
        assert host in compose or host == "localhost", host
    scraped = yaml.safe_load((DEPLOY / "prometheus/prometheus.yml").read_text())["scrape_configs"][0][
        "static_configs"
    ]
    for target in (target for group in scraped for target in group["targets"]):
        assert target.split(":")[0] in compose, target


@pytest.mark.parametrize("path", sorted((DEPLOY / "nodes").glob("*.toml")), ids=lambda path: path.stem)
def test_every_container_has_an_agent_with_a_node_file_it_can_read(
    path: Path, compose: dict[str, Any]
) -> None:
    node_file = read_node_file(path)
    assert node_file.center is not None and node_file.center.url == "http://center:8480"
    assert compose[path.stem]["command"][-1] == f"/etc/trunkline/nodes/{path.name}"
    for service in node_file.services:
        module = service.command[2]
        assert (ROOT / module / "__main__.py").exists()
    if path.stem == "hq":
        kinds = [service.command[3] for service in node_file.services]
        assert kinds.count("web") >= 2 and kinds.count("worker") >= 2
        ports = {
            service.env["TRUNKLINE_PORT"] for service in node_file.services if service.command[3] == "web"
        }
        assert {f"hq:{port}" for port in ports} == set(
            re.findall(r"hq:\d+", (DEPLOY / "proxy/nginx.conf").read_text())
        )


def test_settings_in_the_compose_file_are_settings_of_the_site(compose: dict[str, Any]) -> None:
    from branch_node.settings import BranchSettings
    from hq.settings import HqSettings
    from netops.center.settings import CenterSettings
    from shared.settings import describe

    for name, kind in (
        ("hq", HqSettings),
        ("branch-sh", BranchSettings),
        ("branch-par", BranchSettings),
        ("center", CenterSettings),
    ):
        known = {row.variable for row in describe(kind)}
        given = {key for key in compose[name]["environment"] if key.startswith("TRUNKLINE_")}
        assert given <= known, (name, given - known)


@pytest.mark.parametrize("path", sorted((DEPLOY / "systemd").glob("*.service")), ids=lambda path: path.stem)
def test_units_run_commands_that_exist(path: Path) -> None:
    unit = configparser.ConfigParser(strict=False, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment, method-assign]
    unit.read(path)
    words = unit["Service"]["ExecStart"].split()
    assert words[1] == "-m" and (ROOT / words[2] / "__main__.py").exists()
    assert unit["Install"]["WantedBy"] == "multi-user.target"
    verify = shutil.which("systemd-analyze")
    if verify and Path("/run/systemd/system").exists():
        assert subprocess.run([verify, "verify", path], check=False, capture_output=True).returncode in (0, 1)


def test_ci_installs_what_these_tests_need() -> None:
    text = (ROOT / ".ci/run").read_text()
    assert "prometheus-alertmanager" in text and "dbus" in text
    assert tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]["drivers"]
