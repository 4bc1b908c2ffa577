"""The node file: what this node runs and how it is watched. TOML, read with `read_node_file`, checked as a whole."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

import msgspec

from netops.agent.rules import ProbePolicy, RestartPolicy, Watch, start_order

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Seconds = Annotated[float, msgspec.Meta(gt=0)]


class NodeFileError(Exception):
    """The node file cannot be used; the text says where and why."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables of the file: an unknown key is an error, not a silent default."""


class Probe(Part, frozen=True):
    """A question to a service. `http` wants an answer below 500 (503 = busy but alive), `tcp` a connection, `command`
    exit status 0. With `restarts = false` missed answers only show the service as unready."""

    kind: Literal["http", "tcp", "command"] = "http"
    url: str = ""
    address: str = ""
    """host:port, for tcp."""
    command: list[str] = []
    interval_seconds: Seconds = 1.0
    timeout_seconds: Seconds = 0.75
    restarts: bool = True
    limits: ProbePolicy = ProbePolicy()


class Limits(Part, frozen=True):
    """What a service may take. 0 = no limit. Memory and CPU by control groups where they are writable, else by rlimit."""

    memory_bytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    cpu_percent: Annotated[int, msgspec.Meta(ge=0)] = 0
    """100 is one core."""
    open_files: Annotated[int, msgspec.Meta(ge=0)] = 0


class Log(Part, frozen=True):
    """Where a service's output goes and which further files are read."""

    file: str = ""
    """Empty: <state_dir>/logs/<service>.log"""
    also: list[str] = []
    largest_bytes: Annotated[int, msgspec.Meta(ge=4096)] = 32 * 1024 * 1024
    kept_files: Annotated[int, msgspec.Meta(ge=1, le=50)] = 3
    lines_per_second: Seconds = 100.0
    burst_lines: Annotated[int, msgspec.Meta(ge=1)] = 2000
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    """Least level that is sent to the center; everything stays in the file."""


class Service(Part, frozen=True):
    """One service of the node."""

    name: Name
    driver: Literal["process", "systemd", "docker", "kubernetes"] = "process"
    command: list[str] = []
    """What a process driver runs; the others name what something else runs:"""
    unit: str = ""
    """systemd: "trunkline-branch.service"."""
    container: str = ""
    """docker: its name."""
    deployment: str = ""
    """kubernetes: "namespace/name"."""
    replicas: Annotated[int, msgspec.Meta(ge=1)] = 1
    kubernetes_node: str = ""
    """kubernetes: the cluster node that `service.drain` cordons."""
    cwd: str = ""
    env: dict[str, str] = {}
    autostart: bool = True
    depends_on: list[Name] = []
    stop_grace_seconds: Seconds = 10.0
    hang_grace_seconds: Annotated[float, msgspec.Meta(ge=0)] = 0.2
    """How long a hung service gets between TERM and KILL."""
    start_seconds: Seconds = 120.0
    """A start that is not ready by then counts as a hang."""
    stable_seconds: Annotated[float, msgspec.Meta(ge=0)] = 10.0
    probes: list[Probe] = []
    restart: RestartPolicy = RestartPolicy()
    restart_dependants: bool = False
    limits: Limits = Limits()
    watches: list[Watch] = []
    throttle: list[str] = []
    """Command that makes the service take less work; run again with TRUNKLINE_RELEASE=1 to release it."""
    drain: list[str] = []
    """Command that stops new work; released the same way."""
    load_file: str = ""
    """<data folder of a site>/load.json: the site reads there how much work to take (shared/load_state.py). With it
    throttle, drain and pausing of job queues need no command."""
    metrics: str = ""
    """Address of the service's Prometheus page on this host; its job queues and replication lag go to the center."""
    log: Log = Log()

    @property
    def target(self) -> str:
        """What the driver is told to run."""
        named = {"systemd": self.unit, "docker": self.container, "kubernetes": self.deployment}
        return named.get(self.driver, "")


class Center(Part, frozen=True):
    """Where to report. Without this table the agent works alone."""

    url: str
    ca_file: str = ""
    """Certificate authority to trust instead of the system's: the pin given at enrolment."""
    key_file: str = "node.key"
    command_keys: list[str] = []
    """Public keys whose commands are believed ("ed25519:..."), beside those that enrolment wrote to <key_file>.commands."""
    alarm: list[str] = []
    """Command that tells somebody when the center itself is away, and when it is back (TRUNKLINE_CENTER_STATE away | back,
    TRUNKLINE_CENTER_SILENT_SECONDS): the center cannot say that of itself. See netops/agent/center_watch.py."""
    alarm_after_seconds: Seconds = 300.0


class Commands(Part, frozen=True):
    """What the center may do here: verbs ("service.restart"), groups ("service.*"), verb and service ("service.stop web")."""

    allow: list[str] = []
    actions: dict[Name, list[str]] = {}
    """Named command lines for backup.now, disk.free_up, standby.promote and the like; `standby_invite` prints the invitation
    that `standby.invite` asks for."""


class Standby(Part, frozen=True):
    """This node follows another one and can take its branch over: ordered by two persons (`standby.promote`, action
    "standby"), or by itself with `automatic` when two of three say that the primary is gone: this node, which asks
    `primary`, and headquarters, which grants. See netops/agent/standby.py."""

    of: Name
    """The node whose place it takes."""
    promote: Annotated[list[str], msgspec.Meta(min_length=1)]
    """Command that takes over; it may be repeated. By itself the agent adds `--if-silent SECONDS`, and the command must
    fail while headquarters heard the primary within that time."""
    pair: list[str] = []
    """Command that answers an invitation of the branch (`standby.pair`), which it finds in TRUNKLINE_INVITATION."""
    ends: list[Name] = []
    """Services that are ended first: what follows the primary."""
    cwd: str = ""
    env: dict[str, str] = {}
    """Working folder and additions to the environment of the command, as of a service."""
    starts: list[Name] = []
    """Services that are started after it: the site. Give them autostart = false."""
    primary: str = ""
    """http://host:port/path of the primary, asked from here."""
    automatic: bool = False
    gone_seconds: Seconds = 60.0
    """How long the primary must not have answered, here and at headquarters, which hears a branch every 15 s."""
    retry_seconds: Seconds = 30.0
    """Pause after a take-over that was refused or failed."""


class Spool(Part, frozen=True):
    """Bounds of what waits for the center."""

    largest_bytes: Annotated[int, msgspec.Meta(ge=65536)] = 64 * 1024 * 1024
    longest_seconds: Seconds = 7 * 86400.0


class NodeFile(Part, frozen=True):
    """The whole file."""

    node: Name
    role: Name = "node"
    state_dir: str = "var/agent"
    on_exit: Literal["stop", "leave"] = "stop"
    """What a stopping agent does with the services: end them, or leave them to be found again by the next agent."""
    restarts_at_once: Annotated[int, msgspec.Meta(ge=1)] = 2
    sample_seconds: Seconds = 5.0
    services: list[Service] = []
    center: Center | None = None
    commands: Commands = Commands()
    standby: Standby | None = None
    spool: Spool = Spool()
    folder: str = ""
    """Set by `read_node_file`: paths in the file are relative to it."""

    @property
    def state_path(self) -> Path:
        return self.path_of(self.state_dir)

    def path_of(self, text: str) -> Path:
        """A path of the file, relative to the file's folder; ~ is the home folder."""
        return Path(self.folder) / Path(text).expanduser()

    def log_path(self, service: Service) -> Path:
        if service.log.file:
            return self.path_of(service.log.file)
        return self.state_path / "logs" / f"{service.name}.log"

    @property
    def dependencies(self) -> dict[str, list[str]]:
        return {service.name: service.depends_on for service in self.services}


def read_node_file(path: str | Path) -> NodeFile:
    """The node file at path. Raises NodeFileError with one sentence about the first fault."""
    path = Path(path)
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise NodeFileError(f"{path} cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise NodeFileError(f"{path} is not TOML: {error}") from error
    if "folder" in content:
        raise NodeFileError(f"{path}: Object contains unknown field `folder`")
    content["folder"] = os.fspath(path.resolve().parent)
    try:
        node_file = msgspec.convert(content, NodeFile)
    except msgspec.ValidationError as error:
        raise NodeFileError(f"{path}: {error}") from error
    _check(path, node_file)
    return node_file


def _check(path: Path, node_file: NodeFile) -> None:
    names = [service.name for service in node_file.services]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise NodeFileError(f"{path}: two services are named {sorted(twice)[0]}")
    try:
        start_order({service.name: service.depends_on for service in node_file.services})
    except ValueError as error:
        raise NodeFileError(f"{path}: {error}") from error
    for service in node_file.services:
        if not (service.command if service.driver == "process" else service.target):
            needed = {"process": "command", "systemd": "unit", "docker": "container"}.get(
                service.driver, "deployment"
            )
            raise NodeFileError(f"{path}: {service.name} (driver {service.driver}) needs {needed} = ...")
        for probe in service.probes:
            problem = _probe_problem(probe)
            if problem:
                raise NodeFileError(f"{path}: a probe of {service.name} {problem}")
    _check_standby(path, node_file.standby, names)
    if node_file.center and urlsplit(node_file.center.url).scheme not in ("http", "https"):
        raise NodeFileError(f"{path}: center.url must start with https:// or http://")


def _check_standby(path: Path, standby: Standby | None, services: list[str]) -> None:
    if standby is None:
        return
    for name in (*standby.ends, *standby.starts):
        if name not in services:
            raise NodeFileError(f"{path}: standby names {name}, which is no service here")
    if standby.automatic and not standby.primary:
        raise NodeFileError(f"{path}: an automatic standby needs primary = 'http://host:port/path'")
    if standby.primary and (problem := _probe_problem(Probe(url=standby.primary))):
        raise NodeFileError(f"{path}: primary of standby {problem}")


def _probe_problem(probe: Probe) -> str:
    parts = urlsplit(probe.url)
    if probe.kind == "http" and (parts.scheme != "http" or not parts.hostname):
        return "needs url = 'http://host:port/path'"
    if probe.kind == "tcp" and not probe.address.rpartition(":")[2].isdigit():
        return "needs address = 'host:port'"
    if probe.kind == "command" and not probe.command:
        return "needs a command"
    if probe.limits.misses > probe.limits.of:
        return "wants more misses than it looks at"
    return ""
