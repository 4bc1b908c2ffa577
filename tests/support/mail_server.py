"""A small real SMTP server for tests: keeps what it was given, refuses whom it is told to refuse, can go away."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage

from shared.mail import PostOffice, read_address


@dataclass
class MailServer:
    """`answers` maps an address to the reply its RCPT gets ("550 no such user", "451 later")."""

    port: int = 0
    kept: list[EmailMessage] = field(default_factory=list)
    answers: dict[str, str] = field(default_factory=dict)
    sessions: set[asyncio.Task[None]] = field(default_factory=set)

    @property
    def office(self) -> PostOffice:
        found = read_address(
            f"smtp+plain://127.0.0.1:{self.port}", "Trunkline <office@example.com>", "http://branch.example"
        )
        assert found is not None
        return found

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One session; its line is closed, however it ends."""
        session = asyncio.current_task()
        assert session is not None
        self.sessions.add(session)
        try:
            await self.talk(reader, writer)
        finally:
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self.sessions.discard(session)

    async def end(self) -> None:
        """End what still talks: a client that has gone is not always seen before its test is over."""
        await asyncio.sleep(0)  # who was just let in begins
        for session in self.sessions:
            session.cancel()
        await asyncio.gather(*self.sessions, return_exceptions=True)

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Command by command."""

        async def say(text: str) -> None:
            writer.write(f"{text}\r\n".encode())
            await writer.drain()

        await say("220 test")
        while line := (await reader.readline()).decode().strip():
            word = line.split(" ")[0].upper()
            if word == "RCPT":
                address = line.split("<")[1].split(">")[0]
                await say(self.answers.get(address, "250 ok"))
            elif word == "DATA":
                await say("354 go on")
                self.kept.append(await self.read_mail(reader))
                await say("250 kept")
            elif word == "QUIT":
                await say("221 bye")
                break
            else:
                await say("250 ok")

    @staticmethod
    async def read_mail(reader: asyncio.StreamReader) -> EmailMessage:
        lines: list[bytes] = []
        while (line := await reader.readline()).rstrip(b"\r\n") != b".":
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        found = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(found, EmailMessage)
        return found


@asynccontextmanager
async def mail_server() -> AsyncIterator[MailServer]:
    """A server on a free port for the length of the block."""
    made = MailServer()
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    async with server:
        try:
            yield made
        finally:
            server.close()  # nobody is let in any more
            await made.end()
