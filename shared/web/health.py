"""/healthz (the process answers), /readyz (what it needs answers), /metrics (Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared import log
from shared.database import fetch_value
from shared.metrics import CONTENT_TYPE, exposition
from shared.web.responses import json_answer

Check = Callable[[], Awaitable[str | None]]
PrivateMetrics = Callable[[Request], Awaitable[bytes]]
CHECK_SECONDS = 3.0

events = log.get_logger()


async def healthz(_request: Request) -> Response:
    """Live: no database, no broker."""
    return PlainTextResponse("ok")


async def readyz(request: Request) -> Response:
    """Each check by name with ok or what is wrong; 503 when one fails. A check that hangs counts as failed."""
    checks: Mapping[str, Check] = request.app.state.checks
    found = await asyncio.gather(*(outcome(name, check) for name, check in checks.items()))
    results = dict(zip(checks, found, strict=True))
    is_ready = all(result == "ok" for result in results.values())
    return json_answer({"ready": is_ready, "checks": results}, status=200 if is_ready else 503)


async def outcome(name: str, check: Check) -> str:
    """'ok', or in words what the check found."""
    try:
        async with asyncio.timeout(CHECK_SECONDS):
            return await check() or "ok"
    except Exception as error:
        events.warning("readiness check failed", check=name, error=repr(error))
        return f"{type(error).__name__}: no answer"


async def database_answers() -> str | None:
    """The check every site has."""
    return None if await fetch_value("SELECT 1 AS one") == 1 else "wrong answer"


async def metrics(request: Request) -> Response:
    """All metrics of the site in Prometheus' text format, with those that the site shows this scraper alone
    (app.state.private_metrics)."""
    private: PrivateMetrics | None = getattr(request.app.state, "private_metrics", None)
    more = await private(request) if private is not None else b""
    return Response(exposition() + more, media_type=CONTENT_TYPE)
