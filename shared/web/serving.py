"""Serves a site in this process until SIGTERM or SIGINT."""

import asyncio
import gc

from starlette.types import ASGIApp

CLOSING_SECONDS = 5
"""So long a request under way may take after the signal."""


def serve_until_stopped(app: ASGIApp, host: str, port: int) -> bool:
    """Whether it came to serve at all: False when the port is taken, for example."""
    import uvicorn

    from shared.web.accepting import PatientServer

    config = uvicorn.Config(
        app,
        host=host,
        port=port,
        log_config=None,
        access_log=False,  # the envelope writes a line of its own
        server_header=False,
        ws="none",
        timeout_graceful_shutdown=CLOSING_SECONDS,
    )
    server = PatientServer(config)
    collect_seldom()
    server.run()
    return server.started


def collect_seldom() -> None:
    """Keep what was loaded out of the collections of garbage, and collect after more allocations: a page of 1,000 branches
    makes some ten thousand, and looking through the whole program each time stopped every fifth request for 70 ms."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(10_000, 20, 20)


def collect_later(seconds: float) -> None:
    """No collection of garbage for so long: for a moment in which a thousand requests are answered at once, all of which it would
    look through. Said again meanwhile it changes nothing; the first end counts."""
    gc.disable()
    asyncio.get_running_loop().call_later(seconds, gc.enable)
