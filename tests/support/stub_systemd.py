"""A stub of systemd's manager on a private bus: units are real processes, started and ended as the manager would.

Started as a program with the bus address and `unit=command` pairs; the command is run by the shell.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbus_fast import Message, MessageType, Variant
from dbus_fast.aio import MessageBus

NAME, ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
UNIT, SERVICE = f"{NAME}.Unit", f"{NAME}.Service"
CONFIG = """<busconfig><listen>unix:path={path}</listen><auth>EXTERNAL</auth>
<policy context="default"><allow send_destination="*"/><allow own="*"/><allow eavesdrop="true"/></policy></busconfig>"""


class Unit:
    def __init__(self, name: str, command: str, path: str) -> None:
        self.name, self.command, self.path = name, command, path
        self.child: asyncio.subprocess.Process | None = None
        self.state, self.invocation, self.code, self.status = "inactive", bytes(16), 0, 0
        self.limits: dict[str, int] = {}
        self.gone = asyncio.Event()

    def properties(self) -> dict[str, dict[str, Variant]]:
        return {
            UNIT: {
                "LoadState": Variant("s", "loaded"),
                "ActiveState": Variant("s", self.state),
                "InvocationID": Variant("ay", self.invocation),
            },
            SERVICE: {
                "MainPID": Variant("u", self.child.pid if self.child and self.state == "active" else 0),
                "ExecMainCode": Variant("i", self.code),
                "ExecMainStatus": Variant("i", self.status),
                **{name: Variant("t", value) for name, value in self.limits.items()},
            },
        }


class Manager:
    """Answers the calls that the driver makes, and tells of changes."""

    def __init__(self, bus: MessageBus, units: dict[str, str]) -> None:
        self.bus = bus
        self.units = {
            name: Unit(name, command, f"{ROOT}/unit/u{number}")
            for number, (name, command) in enumerate(units.items())
        }
        bus.add_message_handler(self.handle)

    def handle(self, message: Message) -> Message | bool:
        if message.message_type is not MessageType.METHOD_CALL or message.destination != NAME:
            return False
        asyncio.create_task(self.answer(message))
        return True

    async def answer(self, message: Message) -> None:
        try:
            signature, body = await self.do(message)
            reply = Message.new_method_return(message, signature, body)
        except KeyError as error:
            reply = Message.new_error(message, f"{NAME}.NoSuchUnit", f"Unit {error} not found.")
        await self.bus.send(reply)

    async def do(self, message: Message) -> tuple[str, list[Any]]:
        member, body = message.member, message.body
        if member == "Subscribe":
            return "", []
        if member == "GetAll":
            unit = next(unit for unit in self.units.values() if unit.path == message.path)
            return "a{sv}", [unit.properties()[body[0]]]
        unit = self.units[body[0]]
        if member == "LoadUnit":
            return "o", [unit.path]
        if member == "SetUnitProperties":
            unit.limits = {name: value.value for name, value in body[2]}
            return "", []
        if member == "KillUnit" and unit.child:
            self.signal(unit, body[2])
        if member in ("StopUnit", "RestartUnit") and unit.state == "active":
            self.signal(unit, signal.SIGTERM)
            await unit.gone.wait()
        if member in ("StartUnit", "RestartUnit") and unit.state != "active":
            await self.start(unit)
        return ("o", [f"{ROOT}/job/1"]) if member in ("StartUnit", "StopUnit", "RestartUnit") else ("", [])

    def signal(self, unit: Unit, number: int) -> None:
        if unit.child and unit.child.returncode is None:
            os.killpg(unit.child.pid, number)

    async def start(self, unit: Unit) -> None:
        unit.child = await asyncio.create_subprocess_shell(
            f"exec {unit.command}", stdin=subprocess.DEVNULL, start_new_session=True
        )
        unit.state, unit.invocation, unit.code, unit.status = "active", secrets.token_bytes(16), 0, 0
        unit.gone.clear()
        asyncio.create_task(self.wait(unit, unit.child))
        await self.tell(unit)

    async def wait(self, unit: Unit, child: asyncio.subprocess.Process) -> None:
        status = await child.wait()
        unit.code, unit.status = (1, status) if status >= 0 else (2, -status)
        unit.state = "inactive" if status == 0 else "failed"
        unit.gone.set()
        await self.tell(unit)

    async def tell(self, unit: Unit) -> None:
        values = {"ActiveState": Variant("s", unit.state)}
        signature, body = "sa{sv}as", [UNIT, values, []]
        interface = "org.freedesktop.DBus.Properties"
        await self.bus.send(Message.new_signal(unit.path, interface, "PropertiesChanged", signature, body))


async def serve(address: str, units: dict[str, str]) -> None:
    bus = await MessageBus(bus_address=address).connect()
    manager = Manager(bus, units)
    await bus.request_name(NAME)
    print("ready", flush=True)
    ending = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ending.set)
    await ending.wait()
    for unit in manager.units.values():
        manager.signal(unit, signal.SIGKILL)


@contextmanager
def private_systemd(folder: Path, units: dict[str, str]) -> Any:
    """A bus and a manager of our own; the address for DBUS_SYSTEM_BUS_ADDRESS."""
    config, socket = folder / "bus.conf", folder / "bus"
    config.write_text(CONFIG.format(path=socket))
    daemon = subprocess.Popen(["dbus-daemon", f"--config-file={config}", "--nofork"])
    address = f"unix:path={socket}"
    words = [sys.executable, os.fspath(Path(__file__)), address]
    manager = None
    try:
        while not socket.exists():
            if daemon.poll() is not None:
                raise RuntimeError("the bus did not start")
            signal.sigtimedwait([], 0.01)
        manager = subprocess.Popen(
            [*words, *(f"{name}={command}" for name, command in units.items())], stdout=subprocess.PIPE
        )
        assert manager.stdout is not None and manager.stdout.readline() == b"ready\n"
        yield address
    finally:
        for child in (manager, daemon):
            if child is not None:
                child.terminate()
                child.wait(10)
        if manager is not None and manager.stdout is not None:
            manager.stdout.close()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], dict(word.split("=", 1) for word in sys.argv[2:])))
