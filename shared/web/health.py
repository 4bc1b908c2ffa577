"""/healthz (the process answers), /readyz (what it needs answers), /metrics (Prometheus)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from shared import log
from shared.database import engine, fetch_value
from shared.metrics import CONTENT_TYPE, DB_BYTES, exposition
from shared.web.responses import json_answer

Check = Callable[[], Awaitable[str | None]]
PrivateMetrics = Callable[[Request], Awaitable[bytes]]
Measure = Callable[[str], Awaitable[None]]
"""Sets gauges of the site of that code."""
CHECK_SECONDS = 3.0
MEASURE_SECONDS = 0.5
SIZE = {
    "sqlite": "SELECT page_count * page_size AS bytes FROM pragma_page_count(), pragma_page_size()",
    "postgres": "SELECT pg_database_size(current_database()) AS bytes",
}

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
    await measure(request.app)
    private: PrivateMetrics | None = getattr(request.app.state, "private_metrics", None)
    more = await private(request) if private is not None else b""
    return Response(exposition() + more, media_type=CONTENT_TYPE)


async def measure(app: Starlette) -> None:
    """Set the gauges that are read only when somebody asks, the site's own (app.state.measures) among them. One that cannot be
    read is told in the log and keeps its value."""
    looks: Sequence[Measure] = (database_size, *getattr(app.state, "measures", ()))
    for look in looks:
        try:
            async with asyncio.timeout(MEASURE_SECONDS):
                with app.state.use_database():
                    await look(app.state.site.code)
        except Exception as error:
            events.warning("metric not measured", measure=getattr(look, "__name__", ""), error=repr(error))


async def database_size(site: str) -> None:
    """The bytes of the database, without what a write-ahead log holds beside it."""
    DB_BYTES.labels(site).set(await fetch_value(SIZE[engine()]))
