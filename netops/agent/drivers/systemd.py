"""Services that systemd runs: its manager over the system bus, by dbus-fast. The instance is the unit's invocation id."""

from __future__ import annotations

import asyncio
import os
from typing import Any

from dbus_fast import BusType, DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from netops.agent.drivers import Exit
from netops.agent.drivers.remote import Away, Status
from netops.agent.settings import Limits, Service

_NAME, _ROOT = "org.freedesktop.systemd1", "/org/freedesktop/systemd1"
_MANAGER, _UNIT, _SERVICE = f"{_NAME}.Manager", f"{_NAME}.Unit", f"{_NAME}.Service"
_PROPERTIES = "org.freedesktop.DBus.Properties"
_EXITED = 1
_CALL_SECONDS = 10.0
_UNLIMITED = 2**64 - 1


class Systemd:
    """A Control. One connection, made again when it was lost."""

    kind = "systemd"
    every_seconds = 5.0

    def __init__(self) -> None:
        self._bus: MessageBus | None = None
        self._paths: dict[str, str] = {}
        self._changes: dict[str, asyncio.Event] = {}
        self._connecting = asyncio.Lock()

    async def _connected(self) -> MessageBus:
        async with self._connecting:
            if self._bus is None or not self._bus.connected:
                address = os.environ.get("DBUS_SYSTEM_BUS_ADDRESS")
                try:
                    bus = MessageBus(bus_address=address, bus_type=BusType.SYSTEM)
                    async with asyncio.timeout(_CALL_SECONDS):
                        self._bus = await bus.connect()
                except (OSError, EOFError, TimeoutError) as error:
                    raise Away(f"the system bus does not answer: {error}") from error
                self._paths.clear()
                self._bus.add_message_handler(self._heard)
                await self._send(self._bus, "Subscribe")
                rule = f"type='signal',interface='{_PROPERTIES}',member='PropertiesChanged'"
                await self._send(self._bus, "AddMatch", "s", [rule], "org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")  # fmt: skip
            return self._bus

    def _heard(self, message: Message) -> None:
        """A unit's properties changed: whoever waits for it looks again."""
        if message.message_type is MessageType.SIGNAL and message.member == "PropertiesChanged":
            for unit, path in self._paths.items():
                if path == message.path and unit in self._changes:
                    self._changes[unit].set()

    async def _send(
        self, bus: MessageBus, member: str, signature: str = "", body: list[Any] | None = None,
        destination: str = _NAME, path: str = _ROOT, interface: str = _MANAGER,
    ) -> list[Any]:  # fmt: skip
        message = Message(
            destination=destination, path=path, interface=interface, member=member, signature=signature, body=body or []
        )  # fmt: skip
        try:
            async with asyncio.timeout(_CALL_SECONDS):
                answer = await bus.call(message)
        except (TimeoutError, EOFError, DBusError, ConnectionError) as error:
            raise Away(f"systemd does not answer: {error or type(error).__name__}") from error
        if answer is None or answer.message_type is MessageType.ERROR:
            text = answer.body[0] if answer is not None and answer.body else "no answer"
            raise OSError(f"systemd: {text}")
        return list(answer.body)

    async def _call(self, member: str, signature: str, *body: Any) -> list[Any]:
        return await self._send(await self._connected(), member, signature, list(body))

    async def _properties(self, unit: str) -> dict[str, Any]:
        """Of the unit and its service part."""
        bus = await self._connected()
        if unit not in self._paths:
            [self._paths[unit]] = await self._send(bus, "LoadUnit", "s", [unit])
        found: dict[str, Any] = {}
        for interface in (_UNIT, _SERVICE):
            [values] = await self._send(
                bus, "GetAll", "s", [interface], _NAME, self._paths[unit], _PROPERTIES
            )
            found.update({name: value.value for name, value in values.items()})
        if found.get("LoadState") == "not-found":
            raise OSError(f"systemd knows no unit {unit}")
        return found

    def knows(self, service: Service) -> None:
        pass

    async def status(self, name: str) -> Status:
        found = await self._properties(name)
        if found["ActiveState"] in ("active", "reloading") and found.get("MainPID"):
            return Status(bytes(found["InvocationID"]).hex(), int(found["MainPID"]))
        if found["ActiveState"] not in ("inactive", "failed"):
            return Status()
        code, status = found.get("ExecMainCode", 0), found.get("ExecMainStatus", 0)
        if not code:
            return Status()
        return Status(exit=Exit(code=status) if code == _EXITED else Exit(signal=status))

    async def start(self, name: str, service: Service) -> None:
        await self._properties(name)
        await self._call("ResetFailedUnit", "s", name)
        await self._call("StartUnit", "ss", name, "replace")

    async def stop(self, name: str, grace_seconds: float) -> None:
        await self._call("StopUnit", "ss", name, "replace")

    async def restart(self, name: str, grace_seconds: float) -> None:
        await self._call("RestartUnit", "ss", name, "replace")

    async def kill(self, name: str) -> None:
        await self._call("KillUnit", "ssi", name, "all", 9)

    async def limit(self, name: str, limits: Limits) -> str:
        """For as long as the unit runs; 0 lifts a limit."""
        quota = limits.cpu_percent * 10_000 or _UNLIMITED
        values = [
            ["MemoryMax", Variant("t", limits.memory_bytes or _UNLIMITED)],
            ["CPUQuotaPerSecUSec", Variant("t", quota)],
        ]
        await self._call("SetUnitProperties", "sba(sv)", name, True, values)
        return "memory and CPU by systemd" if limits != Limits() else "limits lifted"

    async def drain(self, name: str, *, release: bool) -> str:
        return ""

    async def changed(self, name: str, seconds: float) -> None:
        event = self._changes.setdefault(name, asyncio.Event())
        try:
            async with asyncio.timeout(seconds):
                await event.wait()
        except TimeoutError:
            pass
        event.clear()

    async def close(self) -> None:
        if self._bus is not None:
            self._bus.disconnect()
