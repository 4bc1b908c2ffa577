"""Password hashes with argon2id, off the event loop and only a few at a time."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from pwdlib import PasswordHash
from pwdlib.exceptions import UnknownHashError
from pwdlib.hashers.argon2 import Argon2Hasher

from shared.web.settings import WebSettings

T = TypeVar("T")

MIN_LENGTH = 8
MAX_LENGTH = 200


class Passwords:
    """Hashes and checks; made once per site. Memory is bounded by `argon2_at_once` hashes."""

    def __init__(self, settings: WebSettings) -> None:
        self.hasher = PasswordHash(
            (
                Argon2Hasher(
                    time_cost=settings.argon2_rounds, memory_cost=settings.argon2_memory_kib, parallelism=1
                ),
            )
        )
        self.pool = ThreadPoolExecutor(settings.argon2_at_once, thread_name_prefix="argon2")
        self.decoy = ""

    async def hash(self, password: str) -> str:
        """The hash to store."""
        return await self._run(self.hasher.hash, password)

    async def check(self, password: str, stored: str) -> bool:
        """Whether the password is the right one. An empty `stored` (no such account) costs the same time."""
        if len(password) > MAX_LENGTH:
            password = ""
        if not stored:
            if not self.decoy:
                self.decoy = await self.hash("decoy")
            await self._run(self._verify, password, self.decoy)
            return False
        return await self._run(self._verify, password, stored)

    def _verify(self, password: str, stored: str) -> bool:
        try:
            return self.hasher.verify(password, stored)
        except UnknownHashError:
            return False

    async def _run(self, work: Callable[..., T], *args: str) -> T:
        return await asyncio.get_running_loop().run_in_executor(self.pool, work, *args)
