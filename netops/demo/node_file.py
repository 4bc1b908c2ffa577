"""Writes the agent's node file of the demonstration from the company file."""

from __future__ import annotations

import json
import os
from pathlib import Path

from netops.demo.company import Company, Site, fill

KEY_FILE = "agent/node.key"


def write_node_file(company: Company, folder: Path, waiting: list[str], command_keys: list[str]) -> Path:
    """folder/node.toml. Sites named in `waiting` are not started by the agent itself: they have preparation left."""
    lines = [
        "# Written by `netops demo` at every start; change netops/demo/company.toml instead.",
        f"node = {_text(company.node)}",
        'role = "demo"',
        'state_dir = "agent"',
        'on_exit = "stop"',
    ]
    lines += _center(company, command_keys)
    for site in company.sites:
        lines += _service(company, site, folder, site.name not in waiting)
    path = folder / "node.toml"
    draft = path.with_suffix(".new")
    draft.write_text("\n".join(lines) + "\n", encoding="utf-8")
    os.replace(draft, path)
    return path


def _center(company: Company, command_keys: list[str]) -> list[str]:
    if company.agent is None:
        return []
    site = company.site(company.agent.site)
    return [
        "",
        "[center]",
        f"url = {_text(site.url)}",
        f"key_file = {_text(KEY_FILE)}",
        f"command_keys = {json.dumps(command_keys)}",
        "",
        "[commands]",
        f"allow = {json.dumps(company.agent.allow)}",
    ]


def _service(company: Company, site: Site, folder: Path, autostart: bool) -> list[str]:
    kind = company.kind_of(site)
    command = fill(kind.run, company.placeholders(site, folder))
    environment = company.environment(site, folder)
    own = {name: text for name, text in environment.items() if os.environ.get(name) != text}
    return [
        "",
        "[[services]]",
        f"name = {_text(site.name)}",
        f"command = [{', '.join(map(_text, command))}]",
        f"autostart = {'true' if autostart else 'false'}",
        f"stop_grace_seconds = {kind.stop_grace_seconds}",
        f"env = {{ {', '.join(f'{_text(name)} = {_text(text)}' for name, text in sorted(own.items()))} }}",
        f"log = {{ file = {_text(f'logs/{site.name}.log')} }}",
        f"restart = {{ good_seconds = {kind.restart_seconds} }}",
        "[[services.probes]]",
        f"url = {_text(site.url + kind.alive)}",
    ]


def _text(value: str) -> str:
    """A TOML basic string; JSON's escapes are a subset of TOML's."""
    return json.dumps(value, ensure_ascii=False)
