"""Writes the agent's node file of the demonstration from the company file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from netops.demo.company import Company, Site, fill

ROOT = Path(__file__).resolve().parents[2]
"""Where the product's packages are: an action runs in the folder of its node file."""
_WATCHES = (
    '[{ metric = "cpu_ratio", above = 0.9, clear = 0.6, for_seconds = 20, clear_seconds = 20 },'
    ' { metric = "host_cpu_pressure_ratio", above = 0.6, clear = 0.3, for_seconds = 20, clear_seconds = 20 }]'
)
"""Under load a site is throttled within half a minute; see netops/agent/ladder.py."""


def key_file(company: Company, node: str) -> str:
    """The node's key, in the demonstration's folder."""
    return f"{company.state_dir(node)}/node.key"


def node_path(company: Company, folder: Path, node: str) -> Path:
    """The node file; the company's own node has the short name."""
    return folder / ("node.toml" if node == company.node else f"node-{node}.toml")


def write_node_file(
    company: Company, folder: Path, node: str, waiting: list[str], command_keys: list[str]
) -> Path:
    """The node file of one node. Sites named in `waiting` are not started by the agent itself: they have preparation left."""
    lines = [
        "# Written by `netops demo` at every start; change netops/demo/company.toml instead.",
        f"node = {_text(node)}",
        'role = "demo"',
        f"state_dir = {_text(company.state_dir(node))}",
        'on_exit = "stop"',
    ]
    lines += _center(company, node, folder, command_keys)
    for site in company.nodes()[node]:
        is_ready = site.name not in waiting
        if company.kind_of(site).follow:
            lines += _standby(company, site, folder, is_ready)
        else:
            lines += _service(company, site, folder, is_ready)
    path = node_path(company, folder, node)
    draft = path.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, path)
    return path


def _center(company: Company, node: str, folder: Path, command_keys: list[str]) -> list[str]:
    if company.agent is None:
        return []
    site = company.site(company.agent.site)
    return [
        "",
        "[center]",
        f"url = {_text(site.url)}",
        f"key_file = {_text(key_file(company, node))}",
        f"command_keys = {json.dumps(command_keys)}",
        "",
        "[commands]",
        f"allow = {json.dumps(company.agent.allow)}",
        *_actions(company, node, folder),
    ]


def _actions(company: Company, node: str, folder: Path) -> list[str]:
    """What the node's own site does when the center asks for it by name, in the site's environment."""
    for site in company.nodes()[node]:
        if invite := company.kind_of(site).invite:
            own = _own_values(company, site, folder).items()
            words = ["env", f"PYTHONPATH={ROOT}", *(f"{name}={text}" for name, text in sorted(own))]
            words += fill(invite, company.placeholders(site, folder))
            return [f"actions = {{ standby_invite = {json.dumps(words, ensure_ascii=False)} }}"]
    return []


def _standby(company: Company, site: Site, folder: Path, autostart: bool) -> list[str]:
    """What follows, the site for after the promotion, and how one becomes the other."""
    kind, primary = company.kind_of(site), company.site(site.of)
    values = company.placeholders(site, folder)
    words = fill(kind.promote, values)
    own = _own_environment(company, site, folder)
    return [
        "",
        "[standby]",
        f"of = {_text(primary.node or company.node)}",
        f"promote = {json.dumps(words)}",
        f"pair = {json.dumps(fill(kind.pair, values))}",
        f"ends = [{_text(site.follower)}]",
        f"starts = [{_text(site.name)}]",
        f"env = {own}",
        f"primary = {_text(primary.url + company.kind_of(primary).alive)}",
        "",
        "[[services]]",
        f"name = {_text(site.follower)}",
        f"command = {json.dumps(fill(kind.follow, values))}",
        f"autostart = {'true' if autostart else 'false'}",
        f"env = {own}",
        f"log = {{ file = {_text(f'logs/{site.follower}.log')} }}",
        *_service(company, site, folder, False),
    ]


def _own_environment(company: Company, site: Site, folder: Path) -> str:
    """What the site's commands have in their environment beside ours, as an inline table."""
    own = _own_values(company, site, folder)
    return f"{{ {', '.join(f'{_text(name)} = {_text(text)}' for name, text in sorted(own.items()))} }}"


def _own_values(company: Company, site: Site, folder: Path) -> dict[str, str]:
    environment = company.environment(site, folder)
    return {name: text for name, text in environment.items() if os.environ.get(name) != text}


def _service(company: Company, site: Site, folder: Path, autostart: bool) -> list[str]:
    kind = company.kind_of(site)
    command = fill(kind.run, company.placeholders(site, folder))
    return [
        "",
        "[[services]]",
        f"name = {_text(site.name)}",
        f"command = [{', '.join(map(_text, command))}]",
        f"autostart = {'true' if autostart else 'false'}",
        f"stop_grace_seconds = {kind.stop_grace_seconds}",
        f"env = {_own_environment(company, site, folder)}",
        f"log = {{ file = {_text(f'logs/{site.name}.log')} }}",
        f"restart = {{ good_seconds = {kind.restart_seconds} }}",
        f"load_file = {_text(f'{site.name}/load.json')}",
        f"watches = {_WATCHES}",
        f"metrics = {_text(site.url + '/metrics')}",
        "[[services.probes]]",
        f"url = {_text(site.url + kind.alive)}",
    ]


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(value, ensure_ascii=False)
