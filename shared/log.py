"""Logs: one JSON object per line on stdout, for our own events and for everything the libraries say.

Use: `log = get_logger()` at the top of a module, then `log.info("receipt recorded", receipt=id)`: a static event
name, data as keywords, identifiers not objects. Per request or job: `with context(request_id=...):`.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from contextvars import ContextVar
from types import MappingProxyType
from typing import Any, TextIO

from shared import clock
from shared.lean import NOT_WANTED, without

with without(*NOT_WANTED):
    import structlog

REDACTED = "[redacted]"
_SECRET_KEY = re.compile(
    r"password|passwd|passphrase|token|secret|authorization|cookie|api_?key|private_?key", re.I
)
_URL_PASSWORD = re.compile(r"(?P<before>\w://[^/\s:@]*:)[^/\s@]+(?=@)")
_BEARER = re.compile(r"\b(Bearer|Basic)\s+[\w.~+/=-]{8,}", re.I)

Event = MutableMapping[str, Any]

_bound: ContextVar[Mapping[str, object]] = ContextVar("log_context", default=MappingProxyType({}))
"""What the events of the present request or job carry. One variable for all of it: every request binds three values."""


def get_logger(**bound: object) -> structlog.stdlib.BoundLogger:
    """A logger whose events carry `bound`. May be called before `configure`."""
    return structlog.stdlib.get_logger(**bound)


def configure(level: str = "INFO", *, site: str = "", stream: TextIO | None = None) -> None:
    """Sends all logging of this process to `stream` (stdout) as JSON lines; may be called again.

    Loggers of uvicorn, asyncio and other libraries lose their own handlers and are routed through the same
    formatter. Python warnings become log lines too. Before this is called only warnings and errors are written,
    to stderr, so that a command's own output stays clean.
    """
    before = _use_standard_logging(site)
    handler = logging.StreamHandler(stream or sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[*before[:-1], structlog.stdlib.ExtraAdder(), redact],
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                _in_reading_order,
                structlog.processors.JSONRenderer(ensure_ascii=False, default=str, sort_keys=False),
            ],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    _route_libraries()
    logging.captureWarnings(True)


def _use_standard_logging(site: str) -> list[structlog.typing.Processor]:
    """Lets our events pass through the standard library's loggers; the processors that complete an event."""
    before: list[structlog.typing.Processor] = [
        _add_context,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.PositionalArgumentsFormatter(),
        _add_instant,
        *([_add_site(site)] if site else []),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
        redact,
    ]
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *before,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    return before


def _route_libraries() -> None:
    """Takes away the libraries' own handlers; access lines come from our middleware, not from uvicorn."""
    for name in list(logging.root.manager.loggerDict):
        if name.split(".")[0] in {"uvicorn", "arq", "tortoise", "asyncio", "py", "httpx"}:
            library = logging.getLogger(name)
            library.handlers.clear()
            library.propagate = True
    logging.getLogger("uvicorn.access").disabled = True
    for chatty in ("httpx", "httpcore", "aiosqlite", "asyncio", "tortoise"):
        logging.getLogger(chatty).setLevel(max(logging.WARNING, logging.root.level))


@contextmanager
def context(**values: object) -> Iterator[None]:
    """Starts from an empty log context, binds `values` for the block, and restores what was there before."""
    before = _bound.get()
    _bound.set(values)
    try:
        yield
    finally:
        _bound.set(before)


def bind(**values: object) -> None:
    """Adds `values` to the log context of the present request or job."""
    _bound.set({**_bound.get(), **values})


def redact(_logger: object, _method: str, event: Event) -> Event:
    """Replaces values under secret-looking keys at any depth, passwords inside URLs and bearer credentials."""
    return {key: _clean(key, value) for key, value in event.items()}


def _clean(key: object, value: Any) -> Any:
    if isinstance(key, str) and _SECRET_KEY.search(key) and value not in (None, "", True, False):
        return REDACTED
    if isinstance(value, str):
        return _BEARER.sub(rf"\1 {REDACTED}", _URL_PASSWORD.sub(rf"\g<before>{REDACTED}", value))
    if isinstance(value, Mapping):
        return {inner: _clean(inner, item) for inner, item in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_clean(None, item) for item in value]
    return value


def _add_context(_logger: object, _method: str, event: Event) -> Event:
    return {**_bound.get(), **event}


def _add_instant(_logger: object, _method: str, event: Event) -> Event:
    event["timestamp"] = clock.now().isoformat(timespec="microseconds").replace("+00:00", "Z")
    return event


def _in_reading_order(_logger: object, _method: str, event: Event) -> Event:
    """When, how grave, what, then the rest as it came."""
    first = {key: event.pop(key) for key in ("timestamp", "level", "event") if key in event}
    return {**first, **event}


def _add_site(site: str) -> structlog.typing.Processor:
    def add(_logger: object, _method: str, event: Event) -> Event:
        event.setdefault("site", site)
        return event

    return add


_use_standard_logging("")
