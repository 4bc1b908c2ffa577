"""The lines between the branches of the demonstration and its headquarters: relays that a person can cut and mend.

    python -m netops demo cut SH        as if the cable were pulled: connections break, new ones are refused
    python -m netops demo mend SH

A cut is a file in the demonstration's folder, so that another command can make it and it outlasts a restart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

from netops.demo.company import Company, Site

Accept = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
LOOK_SECONDS = 0.3
CHUNK = 65_536


def cut_file(folder: Path, site: Site) -> Path:
    """There while the line of the site is cut."""
    return folder / f"{site.name}.cut"


def set_cut(folder: Path, site: Site, is_cut: bool) -> None:
    """Cut or mend the line of a branch; a running demonstration sees it within a moment."""
    path = cut_file(folder, site)
    path.touch() if is_cut else path.unlink(missing_ok=True)


class Lines:
    """All lines of a running demonstration."""

    def __init__(self, company: Company, folder: Path) -> None:
        self._sites = [site for site in company.sites if site.line]
        self._target, self._folder = company.site(company.open), folder
        self._open: dict[str, set[asyncio.StreamWriter]] = {site.name: set() for site in self._sites}
        self._servers: list[asyncio.Server] = []
        self._watching: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Listen for every branch. Raises OSError when a port is taken."""
        for site in self._sites:
            self._servers.append(await asyncio.start_server(self._accepting(site), site.host, site.line))
        self._watching = asyncio.create_task(self._watch())

    async def close(self) -> None:
        """Break what is open and listen no more; may be called without `open`."""
        if self._watching is not None:
            self._watching.cancel()
        for server in self._servers:
            server.close()
        for site in self._sites:
            self._break(site)

    async def _watch(self) -> None:
        while True:
            for site in self._sites:
                if cut_file(self._folder, site).exists():
                    self._break(site)
            await asyncio.sleep(LOOK_SECONDS)

    def _break(self, site: Site) -> None:
        for writer in list(self._open[site.name]):
            writer.transport.abort()

    def _accepting(self, site: Site) -> Accept:
        async def accept(reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
            with suppress(OSError):
                if not cut_file(self._folder, site).exists():
                    await self._carry(site, reader, near)
            near.transport.abort()

        return accept

    async def _carry(self, site: Site, reader: asyncio.StreamReader, near: asyncio.StreamWriter) -> None:
        """Both ways, until one end is done or the line is cut."""
        answers, far = await asyncio.open_connection(self._target.host, self._target.port)
        self._open[site.name] |= {near, far}
        try:
            pumps = [asyncio.create_task(_pump(*ends)) for ends in ((reader, far), (answers, near))]
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            for pump in pumps:
                pump.cancel()
        finally:
            self._open[site.name] -= {near, far}
            far.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while piece := await reader.read(CHUNK):
            writer.write(piece)
            await writer.drain()
