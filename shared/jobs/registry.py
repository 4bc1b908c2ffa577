"""The jobs of a site: `@job` on an async function registers it under the site its module belongs to.

A job may run more than once and beside itself (after a crash, after a lost connection): it takes identifiers,
reads the truth from SQL, and does nothing when there is nothing to do.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, TypeVar, get_type_hints

import msgspec

from shared.jobs import schedule as schedules
from shared.jobs.schedule import Schedule

Function = Callable[..., Coroutine[Any, Any, None]]
F = TypeVar("F", bound=Function)

DEFAULT_QUEUE = "default"
# A job of a worker that was killed waits for the longest timeout of its queue when nobody speaks for it.
LONGEST_ON_DEFAULT_SECONDS = 30


@dataclass(frozen=True)
class Job:
    """A registered function. `tries` counts all starts; `schedule` and `at_start` say when it runs unasked."""

    name: str
    site: str
    function: Function
    queue: str
    timeout_seconds: float
    tries: int
    schedule: Schedule | None
    at_start: bool

    @cached_property
    def parameters(self) -> type[msgspec.Struct]:
        """The function's parameters as a type: read when first needed, when all its annotations exist."""
        hints = get_type_hints(self.function)
        fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
        for name, parameter in inspect.signature(self.function).parameters.items():
            kind = hints.get(name, Any)
            missing = parameter.default is inspect.Parameter.empty
            fields.append((name, kind) if missing else (name, kind, parameter.default))
        return msgspec.defstruct(f"{self.name}_parameters", fields, kw_only=True, forbid_unknown_fields=True)

    def plain(self, values: Mapping[str, object]) -> dict[str, Any]:
        """`values` as plain data for the broker; TypeError when the function could not be called with them."""
        plain: dict[str, Any] = msgspec.to_builtins(values)
        self.typed(plain)
        return plain

    def typed(self, plain: Mapping[str, Any]) -> dict[str, Any]:
        """Keyword arguments from plain data, typed as annotated (UUID, date, datetime, dataclasses)."""
        try:
            found = msgspec.convert(plain, self.parameters)
        except msgspec.ValidationError as wrong:
            raise TypeError(f"job {self.name}: {wrong}") from None
        return {name: getattr(found, name) for name in found.__struct_fields__}


_jobs: dict[str, dict[str, Job]] = {}


def job(
    *,
    queue: str = DEFAULT_QUEUE,
    timeout: float = LONGEST_ON_DEFAULT_SECONDS,
    tries: int = 5,
    every: int | None = None,
    at: str | Schedule | None = None,
    at_start: bool = False,
    name: str | None = None,
    site: str | None = None,
) -> Callable[[F], F]:
    """Registers an async function as a job of the site (top-level package) of its module.

    It stays callable as it is. After an error it runs again with growing pauses, `tries` times in all; `every`
    (seconds) or `at` ("23:55" in the branch's zone, or a Schedule) run it unasked, one at a time; `at_start`
    runs it whenever the site starts. ValueError for a second job of the same name, and for a timeout over 30
    seconds on the default queue: long jobs go to a queue of their own.
    """
    if queue == DEFAULT_QUEUE and timeout > LONGEST_ON_DEFAULT_SECONDS:
        raise ValueError(f"a job of {timeout} seconds needs a queue of its own")
    schedule = schedules.at(at) if isinstance(at, str) else at
    if every is not None:
        schedule = schedules.Every(every)

    def register(function: F) -> F:
        if not asyncio.iscoroutinefunction(function):
            raise TypeError(f"a job is an async function: {function!r}")
        if (schedule or at_start) and _required(function):
            raise TypeError(f"a scheduled job is called without values: {function.__name__}")
        home = site or function.__module__.partition(".")[0]
        label = name or function.__name__
        known = _jobs.setdefault(home, {})
        if label in known:
            raise ValueError(f"two jobs of {home} are called {label}")
        known[label] = Job(label, home, function, queue, timeout, tries, schedule, at_start)
        return function

    return register


def _required(function: Function) -> list[str]:
    parameters = inspect.signature(function).parameters.values()
    return [one.name for one in parameters if one.default is inspect.Parameter.empty]


# A sweeper finds rows in SQL that still wait for their job and enqueues it: no loss at the broker is final.
sweeper = partial(job, every=60, at_start=True)


def jobs_of(site: str) -> dict[str, Job]:
    """The jobs a site runs, by name: its own and those that shared/ registers for every site."""
    return {**_jobs.get("shared", {}), **_jobs.get(site, {})}


def find(site: str, wanted: str | Function) -> Job:
    """The job of that name or function; LookupError when the site has none."""
    for candidate in jobs_of(site).values():
        if wanted in (candidate.name, candidate.function):
            return candidate
    raise LookupError(f"{site} has no job {wanted!r}: is its module imported at start?")
