# ruff: noqa: T201  (this is where the agent speaks to a terminal)
"""`netops agent ...`: runs the agent, and asks or orders a running one through its local page."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import Any

from netops.agent.lean import leave_out_tls
from netops.agent.local_client import AgentAway, ask_agent
from netops.agent.settings import NodeFile, NodeFileError, read_node_file

DEFAULT_NODE_FILE = "node.toml"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The sub-commands of `netops agent`; without one it runs."""
    parser.add_argument(
        "--file",
        default=os.environ.get("TRUNKLINE_NODE_FILE", DEFAULT_NODE_FILE),
        help="node file (default: $TRUNKLINE_NODE_FILE or node.toml)",
    )
    parser.set_defaults(run=run_agent)
    commands = parser.add_subparsers(metavar="COMMAND")
    commands.add_parser("run", help="supervise the services of the node file (default)").set_defaults(
        run=run_agent
    )
    commands.add_parser("check", help="read the node file and say what is wrong with it").set_defaults(
        run=check
    )
    commands.add_parser("key", help="print this node's public key, making the key first").set_defaults(
        run=show_key
    )
    enrolling = commands.add_parser("enrol", help="make this node known to its center, with a one-time token")
    enrolling.add_argument("token")
    enrolling.add_argument("--url", required=True, help="the center's address")
    enrolling.add_argument("--node", required=True)
    enrolling.add_argument("--branch", default="")
    enrolling.add_argument("--role", default="branch")
    enrolling.add_argument("--key-file", default="node.key", help="where this node's key is or will be")
    enrolling.add_argument(
        "--ca-file", default="", help="certificate authority to trust instead of the system's"
    )
    enrolling.set_defaults(run=enrol_node)
    for name, what in (
        ("status", "services"),
        ("recoveries", "recoveries"),
        ("incidents", "incidents"),
        ("values", "values"),
    ):
        command = commands.add_parser(name, help=f"show the {what} of the running agent")
        command.add_argument("--json", action="store_true", help="for machines")
        command.set_defaults(run=show, ask=name)
    for name in ("start", "stop", "restart"):
        command = commands.add_parser(name, help=f"{name} a service")
        command.add_argument("service")
        if name == "restart":
            command.add_argument(
                "--with-dependants", action="store_true", help="and all that need it, in order"
            )
        command.set_defaults(run=order, ask=name)
    commands.add_parser("reload", help="read the node file again").set_defaults(run=order, ask="reload")
    command = commands.add_parser("end", help="end the agent")
    command.add_argument("--leave", action="store_true", help="leave the services running for the next agent")
    command.set_defaults(run=end)


def run_agent(arguments: argparse.Namespace) -> int:
    node_file = _read(arguments)
    if node_file is None:
        return 2
    if node_file.center is None or not node_file.center.url.startswith("https:"):
        leave_out_tls()
    import asyncio

    from netops.agent.loop import Agent, AlreadyRunning

    async def run() -> None:
        await Agent(node_file, Path(arguments.file)).run()

    try:
        asyncio.run(run())
    except AlreadyRunning as error:
        print(error, file=sys.stderr)
        return 2
    return 0


def check(arguments: argparse.Namespace) -> int:
    node_file = _read(arguments)
    if node_file is None:
        return 2
    print(f"{arguments.file}: node {node_file.node}, {len(node_file.services)} services")
    return 0


def show_key(arguments: argparse.Namespace) -> int:
    from shared.nodes.identity import NodeKey, fingerprint

    node_file = _read(arguments)
    if node_file is None:
        return 2
    key_file = node_file.center.key_file if node_file.center else "node.key"
    try:
        key = NodeKey.load_or_create(node_file.path_of(key_file))
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 2
    print(f"{key.public_text}  ({fingerprint(key.public_text)})")
    return 0


def enrol_node(arguments: argparse.Namespace) -> int:
    """0: enrolled, and the [center] table for the node file is printed. 1: refused or nobody answered."""
    import asyncio

    from netops.agent.command_keys import write_keys_beside
    from netops.agent.enrol import enrol
    from netops.agent.http_out import LineBroken
    from shared.nodes.enrolment import EnrolmentRefused

    given = {"node": arguments.node, "branch": arguments.branch, "role": arguments.role}
    key_file = Path(arguments.key_file)
    try:
        answer = asyncio.run(
            enrol(arguments.url, arguments.token, key_file, ca_file=arguments.ca_file, **given)
        )
    except (EnrolmentRefused, LineBroken, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    write_keys_beside(key_file, answer.command_keys)
    print(f"# {answer.node} is enrolled. For its node file:\n[center]\nurl = {json.dumps(arguments.url)}")
    if arguments.ca_file:
        print(f"ca_file = {json.dumps(arguments.ca_file)}")
    print(f"key_file = {json.dumps(str(key_file))}")
    return 0


def show(arguments: argparse.Namespace) -> int:
    answer = _ask(arguments, {"ask": arguments.ask})
    if answer is None:
        return 1
    if arguments.json:
        print(json.dumps(answer, ensure_ascii=False, indent=1))
    elif arguments.ask == "status":
        print(status_text(answer))
    elif arguments.ask == "values":
        print(
            "\n".join(
                f"{name:44} {'-' if value is None else format(value, '.6g')}"
                for name, value in answer.items()
            )
        )
    else:
        print("\n".join(_line(record) for record in answer) or "none")
    return 0


def order(arguments: argparse.Namespace) -> int:
    question: dict[str, Any] = {"ask": arguments.ask, "service": getattr(arguments, "service", "")}
    question["with_dependants"] = getattr(arguments, "with_dependants", False)
    answer = _ask(arguments, question)
    if answer is None:
        return 1
    print(answer if isinstance(answer, str) else "\n".join(answer) or "no changes")
    return 0


def end(arguments: argparse.Namespace) -> int:
    answer = _ask(arguments, {"ask": "end", "services": "leave" if arguments.leave else None})
    return 1 if answer is None else 0


def status_text(answer: dict[str, Any]) -> str:
    """The status as a table for people."""
    state = answer["state"]
    lines = [
        f"node {answer['node']}: {state.get('condition', 'ok')}, {state.get('mode', 'normal')},"
        f" center {answer['center']['contact']}",
        f"{'service':20} {'state':11} {'pid':>8} {'since':20} {'starts':>6}  reason",
    ]
    for service in state.get("services", []):
        since = (service.get("since") or "")[:19].replace("T", " ")
        lines.append(
            f"{service['name']:20} {service['state']:11} {service.get('pid') or '-':>8} {since:20}"
            f" {service.get('starts_in_window', 0):>6}  {service.get('reason', '')}"
        )
    return "\n".join(lines)


def _line(record: dict[str, Any]) -> str:
    at = (record.get("detected_at") or record.get("opened_at") or "")[:19].replace("T", " ")
    words = [record.get(name) for name in ("service", "cause", "kind", "action", "outcome", "exit", "detail")]
    seconds = record.get("ready_seconds")
    return (
        f"{at}  "
        + "  ".join(str(word) for word in words if word)
        + (f"  ready after {seconds:.3f} s" if seconds else "")
    )


def _read(arguments: argparse.Namespace) -> NodeFile | None:
    try:
        return read_node_file(arguments.file)
    except NodeFileError as error:
        print(error, file=sys.stderr)
        return None


def _ask(arguments: argparse.Namespace, question: dict[str, Any]) -> Any:
    """The agent's answer, or None after saying why there is none."""
    node_file = _read(arguments)
    if node_file is None:
        return None
    try:
        return ask_agent(node_file.state_path, question)
    except (AgentAway, ValueError) as error:
        print(error, file=sys.stderr)
        return None
