"""The agent's own page for whoever is on the machine: a unix socket that answers one JSON question per line.

Only the agent's user can open it (0600 in a 0700 folder). It works with the center away, and is how
`netops agent status` and the demo speak to a running agent.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from netops.agent.local_client import SOCKET_NAME, Question, short_path

_LONGEST_QUESTION = 64 * 1024

Answerer = Callable[[Question], Awaitable[Any]]


class LocalPage:
    """The answering side. `answer(question)` returns what can be encoded as JSON or raises ValueError with a sentence."""

    def __init__(self, folder: Path, answer: Answerer) -> None:
        self._folder, self._answer = folder, answer
        self._server: asyncio.Server | None = None

    async def open(self) -> None:
        """Takes the place of an earlier agent's socket: call it only while holding the agent's lock."""
        with short_path(self._folder) as path:
            with suppress(FileNotFoundError):
                os.unlink(path)
            listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
            before = os.umask(0o177)
            try:
                listener.bind(path)
            finally:
                os.umask(before)
        self._server = await asyncio.start_unix_server(self._serve, sock=listener, limit=_LONGEST_QUESTION)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            with suppress(FileNotFoundError):
                os.unlink(self._folder / SOCKET_NAME)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while line := await reader.readline():
                writer.write(await self._reply(line) + b"\n")
                await writer.drain()
        except (ConnectionError, ValueError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def _reply(self, line: bytes) -> bytes:
        try:
            answer = await self._answer(msgspec.json.decode(line, type=Question))
            return msgspec.json.encode({"ok": True, "answer": answer}, enc_hook=str)
        except (ValueError, TypeError, msgspec.DecodeError) as error:
            return msgspec.json.encode({"ok": False, "error": str(error)})
