"""The asking side of the agent's local page: plain sockets, for the command line and the demo."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import msgspec

SOCKET_NAME = "agent.sock"

Question = dict[str, Any]


class AgentAway(Exception):
    """No agent answers in this folder."""


def ask_agent(folder: Path, question: Question, timeout_seconds: float = 5.0) -> Any:
    """The answer of the agent whose state folder it is. Raises AgentAway, or ValueError with the agent's sentence."""
    line = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    line.settimeout(timeout_seconds)
    try:
        with short_path(folder) as path:
            line.connect(path)
        line.sendall(msgspec.json.encode(question) + b"\n")
        received = b""
        while not received.endswith(b"\n"):
            block = line.recv(65536)
            if not block:
                raise AgentAway(f"the agent in {folder} went away")
            received += block
    except OSError as error:
        raise AgentAway(f"no agent answers in {folder} ({error.strerror or error})") from error
    finally:
        line.close()
    reply = msgspec.json.decode(received)
    if not reply["ok"]:
        raise ValueError(reply["error"])
    return reply["answer"]


@contextmanager
def short_path(folder: Path) -> Iterator[str]:
    """A path to the socket that fits into the 107 bytes a unix address has, however deep the folder lies."""
    plain = os.fspath(folder / SOCKET_NAME)
    if len(os.fsencode(plain)) < 100:
        yield plain
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except FileNotFoundError as error:
        raise AgentAway(f"no agent answers in {folder}: there is no such folder") from error
    try:
        yield f"/proc/self/fd/{descriptor}/{SOCKET_NAME}"
    finally:
        os.close(descriptor)
