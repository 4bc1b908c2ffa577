"""Carries out signed commands of the center: judge, write down, act, write down, report. See shared/nodes/command.py.

A command is handled by the desk one at a time, in the order of its sequence numbers. What ends with the agent between
'accepted' and its end is reported as unknown by the next agent and never done again.
"""

from __future__ import annotations

import asyncio
import os
import re
import signal
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING

import msgspec
import psutil

from netops.agent import events
from netops.agent.command_keys import CommandKeys, keys_beside
from netops.agent.http_out import LineBroken
from netops.agent.run_command import CommandFailed, run_command
from netops.agent.service_log import last_lines
from netops.agent.settings import Center, Limits, NodeFileError
from netops.agent.supervise import Supervisor
from shared.clock import now
from shared.nodes.command import (
    INVITE_ACTION,
    SERVES_ITSELF,
    STANDBY_ACTION,
    UNANSWERED,
    VERBS,
    ActionArguments,
    Arguments,
    Command,
    CommandRefused,
    CommandReplayed,
    InvitationArguments,
    KeyArguments,
    KeyIdArguments,
    KillArguments,
    LimitArguments,
    LogLevelArguments,
    LogTailArguments,
    NodePolicy,
    QueueArguments,
    RestartArguments,
    ServiceArguments,
    StopArguments,
    audit_entry,
    check_command,
    read_genuine,
)
from shared.nodes.report import CommandResult, SignedCommand

if TYPE_CHECKING:
    from netops.agent.loop import Agent

_ACTION_SECONDS = 600.0
_SETTLE_SECONDS = 130.0
_EXIT_UNANSWERED = 4
"""How `standby pair` ends when the branch did not answer."""
_INVITATION = re.compile(r"tla1\.[A-Za-z0-9_.-]+")

Result = dict[str, str | int | float | bool | list[str] | None]


class CommandEnded(CommandFailed):
    """A command of the node file ended with another status than 0."""

    def __init__(self, status: int, output: str) -> None:
        super().__init__(f"exit {status}: {output[-400:]}")
        self.status = status


class CommandDesk:
    """One per agent with a center. `take` never raises."""

    def __init__(self, agent: Agent, center: Center, center_now: Callable[[], datetime]) -> None:
        self._agent, self._center_now = agent, center_now
        enrolled = keys_beside(agent.node_file.path_of(center.key_file))
        self._keys = CommandKeys([*center.command_keys, *enrolled], agent.journal)
        agent.command_keys = self._keys
        self._last_seq: int | None = None

    @property
    def policy(self) -> NodePolicy:
        return NodePolicy(
            node=self._agent.node_file.node,
            keys=self._keys.believed(),
            allowed=frozenset(self._agent.node_file.commands.allow),
        )

    async def last_seq(self) -> int:
        """Greatest sequence number judged so far."""
        if self._last_seq is None:
            journal = self._agent.journal
            self._last_seq = await self._agent.disk.ask(journal.last_command_seq) if journal else 0
        return self._last_seq

    async def close_unfinished(self) -> None:
        """Commands that an earlier agent accepted and did not end: nobody knows, so that is what is reported."""
        journal = self._agent.journal
        if journal is None:
            return
        for result in await self._agent.disk.ask(journal.unfinished_commands):
            result.state, result.at = "unknown", now()
            result.code, result.detail = "command.unknown", "the agent ended before the command did"
            await self._write(result)

    async def take(self, envelope: SignedCommand) -> None:
        """Judges one envelope and, if it passes, carries it out. A forged one leaves a log line and nothing else."""
        try:
            command = read_genuine(envelope, self.policy)
        except CommandRefused as refused:
            events.warning("command not genuine", code=refused.code, key=envelope.key_id)
            return
        try:
            arguments = check_command(
                command, self.policy, now=self._center_now(), last_seq=await self.last_seq()
            )
        except CommandReplayed:
            events.info("command judged before", command=command.id, seq=command.seq)
            return
        except CommandRefused as refused:
            await self._note(command, "refused", refused.code, str(refused))
            return
        self._keys.signing = envelope.key_id
        if await self._note(command, "accepted"):
            await self._act(command, arguments)

    async def _act(self, command: Command, arguments: Arguments) -> None:
        try:
            result = await _HANDLERS[command.verb](self._agent, command, arguments)
        except (CommandFailed, NodeFileError, OSError, psutil.Error) as failure:
            code = failure.code if isinstance(failure, CommandFailed) else "command.failed"
            await self._note(command, "failed", code, str(failure))
        except Exception as defect:
            events.error("command defect", command=command.id, verb=command.verb)
            await self._note(command, "failed", "command.defect", type(defect).__name__)
        else:
            await self._note(command, "done", result=result)

    async def _note(
        self, command: Command, state: str, code: str = "", detail: str = "", result: Result | None = None
    ) -> bool:
        """Writes a step to disk, then hands it to telemetry. False when it could not be written: then nothing is done."""
        step = CommandResult(
            id=command.id,
            seq=command.seq,
            state=state,  # type: ignore[arg-type]
            at=now(),
            code=code,
            detail=detail[:500],
            result=result or {},
        )
        events.info("command", command=command.id, verb=command.verb, state=state, code=code)
        written = await self._write(step)
        if written:
            self._last_seq = max(self._last_seq or 0, command.seq)
        return written

    async def _write(self, step: CommandResult) -> bool:
        journal = self._agent.journal
        if journal is None:
            events.warning("command without journal", command=step.id)
            return False
        try:
            await self._agent.disk.ask(lambda: journal.keep_command(step, audit_entry(step)))
        except Exception as error:
            events.warning("command cannot be written down", command=step.id, error=str(error))
            return False
        self._agent.telemetry.put(msgspec.structs.replace(step))
        self._agent.changed.set()
        return True


def _supervisor(agent: Agent, name: str) -> Supervisor:
    try:
        return agent.supervisors[name]
    except KeyError:
        raise CommandFailed(f"there is no service {name} on this node") from None


def _is_target(supervisor: Supervisor, command: Command) -> bool:
    """Whether the instance the command is meant for is the one that runs."""
    return supervisor.instance is not None and supervisor.instance.mark.instance == command.instance


_NOT_RUNNING: Result = {"effect": "none", "reason": "the instance no longer runs"}


async def _until(condition: Callable[[], bool], seconds: float, failure: str) -> None:
    try:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110  (asked about several objects, a few times a day)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise CommandFailed(failure) from None


def _instance_of(supervisor: Supervisor) -> str:
    return supervisor.instance.mark.instance if supervisor.instance is not None else ""


async def _start(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, ServiceArguments)
    supervisor = _supervisor(agent, arguments.service)
    if agent.standby is not None:
        agent.standby.refuse_to_follow(arguments.service)
    supervisor.start()
    await _until(lambda: supervisor.is_ready, _SETTLE_SECONDS, "the service did not get ready")
    return {"effect": "running", "instance": _instance_of(supervisor)}


async def _stop(agent: Agent, command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, StopArguments)
    supervisor = _supervisor(agent, arguments.service)
    if not _is_target(supervisor, command):
        return _NOT_RUNNING
    supervisor.stop(arguments.grace_seconds)
    await _until(lambda: supervisor.instance is None, 620.0, "the service did not end")
    return {"effect": "stopped"}


async def _restart(agent: Agent, command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, RestartArguments)
    supervisor = _supervisor(agent, arguments.service)
    if not _is_target(supervisor, command):
        return _NOT_RUNNING
    if arguments.with_dependants:
        supervisor.restart_with_dependants()
    else:
        supervisor.restart()
    await _until(
        lambda: supervisor.is_ready and not _is_target(supervisor, command),
        _SETTLE_SECONDS,
        "the service did not get ready again",
    )
    return {"effect": "restarted", "instance": _instance_of(supervisor)}


async def _drain(agent: Agent, command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, ServiceArguments)
    supervisor = _supervisor(agent, arguments.service)
    if not _is_target(supervisor, command) or supervisor.instance is None:
        return _NOT_RUNNING
    is_release = command.verb == "service.undrain"
    if done := await agent.driver.drain(supervisor.instance, release=is_release):
        return {"effect": done}
    if agent.load.has(supervisor.service):
        agent.load.set_drained(supervisor.service, not is_release)
        return {"effect": "takes work again" if is_release else "draining"}
    release = {"TRUNKLINE_RELEASE": "1"} if is_release else {}
    cwd = agent.node_file.folder or None
    return await _run(supervisor.service.drain, f"{arguments.service} has no drain command", release, cwd=cwd)


async def _limit(agent: Agent, command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, LimitArguments)
    supervisor = _supervisor(agent, arguments.service)
    if not _is_target(supervisor, command) or supervisor.instance is None:
        return _NOT_RUNNING
    limits = Limits(cpu_percent=arguments.cpu_percent or 0, memory_bytes=arguments.memory_bytes or 0)
    return {"effect": await agent.driver.set_limits(supervisor.instance, limits)}


async def _queue(agent: Agent, command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, QueueArguments)
    service, is_paused = _supervisor(agent, arguments.service).service, command.verb == "queue.pause"
    if agent.load.has(service):
        agent.load.set_queue(service, arguments.queue, is_paused)
        return {"effect": "paused" if is_paused else "resumed"}
    env = {"TRUNKLINE_SERVICE": arguments.service, "TRUNKLINE_QUEUE": arguments.queue}
    return await _named(agent, command.verb.replace(".", "_"), env)


async def _kill(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    """The pidfd is taken first and the creation time read after, so the signal goes to that process or to none."""
    assert isinstance(arguments, KillArguments)
    if arguments.pid == os.getpid():
        raise CommandFailed("the agent does not kill itself")
    try:
        pidfd = os.pidfd_open(arguments.pid)
    except ProcessLookupError:
        return {"effect": "none", "reason": "the process no longer runs"}
    try:
        try:
            created_us = int(psutil.Process(arguments.pid).create_time() * 1_000_000)
        except psutil.NoSuchProcess:
            return {"effect": "none", "reason": "the process no longer runs"}
        if abs(created_us - arguments.created_us) > 20_000:
            return {"effect": "none", "reason": "the number now belongs to another process"}
        signal.pidfd_send_signal(pidfd, signal.Signals[f"SIG{arguments.signal}"])
    finally:
        os.close(pidfd)
    return {"effect": f"sent {arguments.signal}"}


async def _log_level(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, LogLevelArguments)
    _supervisor(agent, arguments.service)
    return await _named(
        agent, "log_level", {"TRUNKLINE_SERVICE": arguments.service, "TRUNKLINE_LOG_LEVEL": arguments.level}
    )


async def _log_tail(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, LogTailArguments)
    path = agent.node_file.log_path(_supervisor(agent, arguments.service).service)
    return {"lines": await agent.disk.ask(lambda: last_lines(path, arguments.lines))}


async def _snapshot(agent: Agent, _command: Command, _arguments: Arguments) -> Result:
    agent.take_sample()
    recoveries = await agent.disk.ask(lambda: agent.journal.recoveries(20) if agent.journal else [])
    return {
        "state": msgspec.json.encode(agent.state_report()).decode(),
        "values": msgspec.json.encode(agent.all_values()).decode(),
        "recoveries": [msgspec.json.encode(record).decode() for record in recoveries],
    }


async def _reload(agent: Agent, _command: Command, _arguments: Arguments) -> Result:
    return {"changes": await agent.reload()}


async def _action(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, ActionArguments)
    return await _named(agent, arguments.action, {})


async def _take_over(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    """With a [standby] table the whole take-over; without one an action of the node file, as it is."""
    assert isinstance(arguments, ActionArguments)
    if agent.standby is None or arguments.action != STANDBY_ACTION:
        return await _named(agent, arguments.action, {})
    return {"effect": "promoted", "output": await agent.standby.take_over(alone=False)}


async def _invite(agent: Agent, _command: Command, _arguments: Arguments) -> Result:
    """What the node file's action prints holds the invitation."""
    done = await _named(agent, INVITE_ACTION, {})
    found = _INVITATION.search(str(done["output"]))
    if found is None:
        raise CommandFailed(f"{INVITE_ACTION} printed no invitation")
    return {"effect": "invited", "invitation": found[0]}


async def _pair(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    """By the environment, where other users of the machine do not see it."""
    assert isinstance(arguments, InvitationArguments)
    if agent.standby is None:
        raise CommandFailed("this node is no standby")
    if agent.standby.is_serving:
        raise CommandFailed("this node serves the branch itself: its accounts are its own", SERVES_ITSELF)
    settings = agent.standby.settings
    env = {**settings.env, "TRUNKLINE_INVITATION": arguments.invitation}
    try:
        await _run(settings.pair, "the node file has no command to pair", env, cwd=settings.cwd or None)
    except CommandEnded as ended:
        raise CommandFailed(
            str(ended), UNANSWERED if ended.status == _EXIT_UNANSWERED else ended.code
        ) from None
    return {"effect": "paired"}


async def _reboot(agent: Agent, _command: Command, _arguments: Arguments) -> Result:
    return await _named(agent, "reboot", {})


async def _trust(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, KeyArguments)
    keys = _keys_of(agent)
    return {"key_id": await agent.disk.ask(lambda: keys.trust(arguments.public_key))}


async def _forget(agent: Agent, _command: Command, arguments: Arguments) -> Result:
    assert isinstance(arguments, KeyIdArguments)
    keys = _keys_of(agent)
    if arguments.key_id == keys.signing:
        raise CommandFailed("a key cannot order that it be forgotten: sign with the new one")
    await agent.disk.ask(lambda: keys.forget(arguments.key_id))
    return {"effect": "forgotten"}


async def _renew(agent: Agent, _command: Command, _arguments: Arguments) -> Result:
    """A new node key: made here, told to the center under the old one, used from the next request on."""
    if agent.telemetry.uplink is None:
        raise CommandFailed("this agent has no center")
    try:
        return {"public_key": await agent.telemetry.uplink.renew_key()}
    except LineBroken as error:
        raise CommandFailed(f"the center did not take the new key: {error}") from error


def _keys_of(agent: Agent) -> CommandKeys:
    if agent.command_keys is None or agent.journal is None:
        raise CommandFailed("this node cannot keep command keys: its journal is not usable")
    return agent.command_keys


async def _named(agent: Agent, name: str, env: Mapping[str, str]) -> Result:
    command = agent.node_file.commands.actions.get(name, [])
    cwd = agent.node_file.folder or None
    return await _run(command, f"the node file has no action {name}", env, cwd=cwd)


async def _run(command: list[str], absent: str, env: Mapping[str, str], *, cwd: str | None) -> Result:
    if not command:
        raise CommandFailed(absent)
    status, output = await run_command(
        command,
        timeout_seconds=_ACTION_SECONDS,
        cwd=cwd,
        env=env,
        keep_output=True,
    )
    if status:
        raise CommandEnded(status, output)
    return {"effect": "done", "output": output[-4000:]}


_HANDLERS: Mapping[str, Callable[[Agent, Command, Arguments], Awaitable[Result]]] = {
    "service.start": _start,
    "service.stop": _stop,
    "service.restart": _restart,
    "service.drain": _drain,
    "service.undrain": _drain,
    "limits.set": _limit,
    "queue.pause": _queue,
    "queue.resume": _queue,
    "process.kill": _kill,
    "log.level": _log_level,
    "log.tail": _log_tail,
    "diagnostics.snapshot": _snapshot,
    "configuration.reload": _reload,
    "backup.now": _action,
    "disk.free_up": _action,
    "standby.promote": _take_over,
    "standby.invite": _invite,
    "standby.pair": _pair,
    "node.reboot": _reboot,
    "keys.trust": _trust,
    "keys.forget": _forget,
    "keys.renew": _renew,
}
assert _HANDLERS.keys() == VERBS.keys()
