"""Password hashes with argon2id, off the event loop and only a few at a time."""

import asyncio
import ctypes
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

M_MMAP_THRESHOLD = -3  # of glibc's malloc.h
LARGE_BYTES = 1_048_576


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
        return_large_blocks()
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


def return_large_blocks() -> None:
    """Freed blocks of a megabyte and more go back to the system, for this whole process.

    glibc keeps blocks of a size it has seen freed once, here the 19 MB of every thread that ever hashed. Other C
    libraries give them back anyway, and do not know the call.
    """
    set_option = getattr(ctypes.CDLL(None), "mallopt", None)
    if set_option is not None:
        set_option(M_MMAP_THRESHOLD, LARGE_BYTES)
