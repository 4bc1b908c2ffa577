"""Static files under addresses that carry a hash of their content: cached for a year, replaced at once.

Compressed bytes are made on first use and kept: compressing Tabler's css takes longer than a page.
"""

import gzip
import mimetypes
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from time import monotonic

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

FOREVER = "public, max-age=31536000, immutable"
PACKED_TYPES = ("text/", "image/svg+xml", "application/json", "application/javascript")


@dataclass
class StaticFile:
    """One file: its content type, a short hash, its bytes and (made on demand) its gzip bytes."""

    media_type: str
    digest: str
    content: bytes
    packed: bytes | None = field(default=None, repr=False)

    def gzipped(self) -> bytes:
        if self.packed is None:
            self.packed = gzip.compress(self.content, compresslevel=9, mtime=0)
        return self.packed


# One request instead of several: an address that stands for files put together.
BUNDLES = {
    "own.css": ("css/tokens.css", "css/parts.css"),
    "own.js": ("js/places.js", "js/fields.js", "js/keys.js", "js/watch.js"),
    "htmx.js": ("vendor/htmx.min.js", "vendor/hx-sse.min.js"),
}
LOOKS_EVERY_SECONDS = 1.0


class StaticFiles:
    """Serves /static/{hash}/{path} from the given folders; earlier folders win."""

    def __init__(self, roots: Sequence[Path]) -> None:
        self.roots = [root.resolve() for root in roots]
        self.known: dict[str, tuple[tuple[int, ...], StaticFile]] = {}
        self.addresses: dict[str, tuple[float, str]] = {}

    def find(self, path: str) -> StaticFile | None:
        """The file at `path` below one of the folders, or a bundle; None when there is none or it lies outside.

        A changed file is read again, so that working on css needs no restart.
        """
        places = [self.place_of(name) for name in BUNDLES.get(path, (path,))]
        found = [place for place in places if place is not None]
        if not found or len(found) < len(places):
            return None
        changed = tuple(place.stat().st_mtime_ns for place in found)
        held = self.known.get(path)
        if held is None or held[0] != changed:
            held = (changed, read_static(found))
            self.known[path] = held
        return held[1]

    def place_of(self, path: str) -> Path | None:
        """Where a file lies."""
        for root in self.roots:
            place = (root / path).resolve()
            if place.is_relative_to(root) and place.is_file():
                return place
        return None

    def url(self, path: str) -> str:
        """The address of a file; KeyError for one that does not exist, so that a template cannot misspell it. The disk is
        looked at once a second at most: a page asks for twenty addresses."""
        looked_at, address = self.addresses.get(path, (0.0, ""))
        if address and monotonic() - looked_at < LOOKS_EVERY_SECONDS:
            return address
        found = self.find(path)
        if found is None:
            raise KeyError(f"no static file {path!r}")
        address = f"/static/{found.digest}/{path}"
        self.addresses[path] = (monotonic(), address)
        return address

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        await self.answer(request)(scope, receive, send)

    def answer(self, request: Request) -> Response:
        """The file, or 304; a wrong hash gives the present file, not to be cached."""
        digest, path = request.path_params["digest"], request.path_params["path"]
        found = self.find(path)
        if found is None:
            raise HTTPException(404)
        headers = {
            "cache-control": FOREVER if digest == found.digest else "no-cache",
            "vary": "accept-encoding",
        }
        headers["etag"] = f'"{found.digest}"'
        if request.headers.get("if-none-match") == headers["etag"]:
            return Response(status_code=304, headers=headers)
        content = found.content
        if "gzip" in request.headers.get("accept-encoding", "") and found.media_type.startswith(PACKED_TYPES):
            content, headers["content-encoding"] = found.gzipped(), "gzip"
        return Response(content, headers=headers, media_type=found.media_type)


def read_static(places: Sequence[Path]) -> StaticFile:
    """Read a file, or several one after the other, and name the type. Our own scripts are sent without
    indentation and comment lines."""
    media_type = mimetypes.guess_type(places[0].name)[0] or "application/octet-stream"
    content = b"\n".join(
        unindented(place.read_bytes()) if place.parent.name == "js" else place.read_bytes()
        for place in places
    )
    return StaticFile(media_type, sha256(content).hexdigest()[:12], content)


def unindented(script: bytes) -> bytes:
    """A script of ours, line by line; none of them has a text over several lines."""
    lines = (line.strip() for line in script.splitlines())
    return b"\n".join(line for line in lines if line and not line.startswith(b"//"))
