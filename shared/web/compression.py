"""Answers are gzipped for whoever takes them so."""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import Receive, Scope, Send


class Compression(GZipMiddleware):
    """Passes by requests that say nothing about encodings, as agents' do: wrapping a thousand answers of long polls, to find that
    there is nothing to compress, cost a tenth of them."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and all(name != b"accept-encoding" for name, _value in scope["headers"]):
            await self.app(scope, receive, send)
        else:
            await super().__call__(scope, receive, send)
