"""A page as PDF, where the machine can write it (the extra `pdf`: WeasyPrint over Pango, and a font for Chinese)."""

import gc
from functools import cache
from importlib.util import find_spec

from shared.errors import Unavailable
from shared.i18n import N_


@cache
def has_pdf() -> bool:
    """Whether this machine can write PDF."""
    return find_spec("weasyprint") is not None


def write_pdf(html: str) -> bytes:
    """The page as PDF; run it in a thread. It fetches nothing: what it shows stands in the page.

    Unavailable when the machine lacks what it takes.
    """
    try:
        from weasyprint import HTML
        from weasyprint.urls import URLFetcher
    except (ImportError, OSError):
        raise Unavailable(
            N_("This machine writes no PDF (Pango is missing). Print the page instead."), retry_after=86_400
        ) from None
    nowhere = URLFetcher(allowed_protocols=())
    try:
        found: bytes = HTML(string=html, url_fetcher=nowhere, base_url=None).write_pdf()
    finally:
        # A document refers to itself and holds its fonts mapped, 20 MB each: a process that collects seldom grew by as much with every page.
        gc.collect()
    return found
