# ruff: noqa: T201  (this is where the agent speaks to a terminal)
"""`netops agent ...`: runs the agent, and asks or orders a running one through its local page."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from netops.agent.lean import leave_out_tls
from netops.agent.local_client import AgentAway, ask_agent
from netops.agent.settings import Center, NodeFile, NodeFileError, read_node_file

DEFAULT_NODE_FILE = "node.toml"
STOP_LOOK_SECONDS = 0.1


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
    enrolling.add_argument("--url", help="the center's address (default: the node file's)")
    enrolling.add_argument("--node", help="the node's name (default: the node file's)")
    enrolling.add_argument("--branch", default="")
    enrolling.add_argument("--role", default="branch")
    enrolling.add_argument(
        "--key-file",
        help="where this node's key is or will be (default: where the node file has it, else node.key here)",
    )
    enrolling.add_argument(
        "--ca-file",
        help="certificate authority to trust instead of the system's (default: the node file's)",
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
        until = ", and wait until it has ended" if name == "stop" else ""
        command = commands.add_parser(name, help=f"{name} a service{until}")
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
    """0: enrolled, and the [center] table for the node file is printed unless it says so already. 1: refused or nobody answered.
    2: neither the words nor a node file say which node and center."""
    import asyncio

    from netops.agent.command_keys import write_keys_beside
    from netops.agent.enrol import enrol
    from netops.agent.http_out import LineBroken
    from shared.nodes.enrolment import EnrolmentRefused

    node_file = _read(arguments) if Path(arguments.file).exists() else None
    center = node_file.center if node_file else None
    node = arguments.node or (node_file.node if node_file else "")
    url = arguments.url or (center.url if center else "")
    if not node or not url:
        print("Give --node and --url, or a node file (--file) that names them.", file=sys.stderr)
        return 2
    key_file, ca_file = _files_of_enrolment(arguments, node_file)
    given = {"node": node, "branch": arguments.branch, "role": arguments.role, "ca_file": ca_file}
    try:
        answer = asyncio.run(enrol(url, arguments.token, key_file, **given))
    except (EnrolmentRefused, LineBroken, OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    write_keys_beside(key_file, answer.command_keys)
    wanted = Center(url=url, ca_file=ca_file, key_file=str(key_file))
    print(enrolled_text(answer.node, wanted, arguments.file, node_file))
    return 0


def _files_of_enrolment(arguments: argparse.Namespace, node_file: NodeFile | None) -> tuple[Path, str]:
    """Key file and certificate authority (empty: the system's): as given, else where the node file's agent looks for them."""
    center = (node_file.center if node_file else None) or Center(url="")
    path_of = node_file.path_of if node_file else Path
    ca_file = str(path_of(center.ca_file)) if center.ca_file else ""
    return Path(arguments.key_file or path_of(center.key_file)).absolute(), arguments.ca_file or ca_file


def enrolled_text(node: str, wanted: Center, path: str, node_file: NodeFile | None) -> str:
    """What is left to be done: nothing but a restart where the node file says already what it has to."""
    center = node_file.center if node_file else None
    if node_file and center and (node_file.node, center.url) == (node, wanted.url):
        ca_file = str(node_file.path_of(center.ca_file)) if center.ca_file else ""
        if (str(node_file.path_of(center.key_file).absolute()), ca_file) == (wanted.key_file, wanted.ca_file):
            return f"{node} is enrolled as {path} says. Restart an agent that runs already."
    lines = [f"# {node} is enrolled. For its node file:", "[center]", f"url = {json.dumps(wanted.url)}"]
    lines += [f"ca_file = {json.dumps(wanted.ca_file)}"] if wanted.ca_file else []
    return "\n".join([*lines, f"key_file = {json.dumps(wanted.key_file)}"])


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
    """0: ordered, and of `stop` nothing runs any more, so that its files may be moved. 1: refused, or nobody answered."""
    question: dict[str, Any] = {"ask": arguments.ask, "service": getattr(arguments, "service", "")}
    question["with_dependants"] = getattr(arguments, "with_dependants", False)
    answer = _ask(arguments, question)
    if answer is None or (arguments.ask == "stop" and not _is_gone(arguments)):
        return 1
    print(answer if isinstance(answer, str) else "\n".join(answer) or "no changes")
    return 0


def _is_gone(arguments: argparse.Namespace) -> bool:
    """Wait until nothing of the service runs, or it is wanted again; False when the agent went away meanwhile. What is deaf is
    killed after its grace, so this ends."""
    while (answer := _ask(arguments, {"ask": "status"})) is not None:
        services = {service["name"]: service for service in answer["state"].get("services", [])}
        found = services.get(arguments.service, {})
        if not found.get("instance") or found.get("is_wanted", True):
            return True
        time.sleep(STOP_LOOK_SECONDS)
    return False


def end(arguments: argparse.Namespace) -> int:
    answer = _ask(arguments, {"ask": "end", "services": "leave" if arguments.leave else None})
    return 1 if answer is None else 0


def status_text(answer: dict[str, Any]) -> str:
    """The status as a table for people."""
    state = answer["state"]
    problem = f" ({found})" if (found := answer["center"].get("problem")) else ""
    lines = [
        f"node {answer['node']}: {state.get('condition', 'ok')}, {state.get('mode', 'normal')},"
        f" center {answer['center']['contact']}{problem}",
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
