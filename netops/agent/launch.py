"""The start of an instance: its log is turned over, then the driver starts it."""

from __future__ import annotations

from pathlib import Path

from netops.agent import events
from netops.agent.drivers import Driver, Instance
from netops.agent.service_log import rotate
from netops.agent.settings import Service


class NotStarted(Exception):
    """The command cannot be started; the text says why."""


async def launch(service: Service, log: Path, driver: Driver) -> Instance:
    """A new instance. Raises NotStarted. A log that cannot be turned over keeps no service from its start."""
    try:
        rotate(log, service.log)
    except OSError as error:
        events.warning("log not turned over", service=service.name, error=why_not(error))
    try:
        return await driver.start(service, log)
    except OSError as error:
        raise NotStarted(f"cannot be started: {why_not(error)}") from error


def why_not(error: OSError) -> str:
    """The reason with the file that it is about: without it nobody knows whether a program, a folder or a log was missing."""
    reason = error.strerror or str(error)
    return f"{reason}: {error.filename}" if error.filename else reason
