"""Keeps the agent small: what it will not use is not loaded. Measured on Python 3.11: 4.6 MB less without OpenSSL.

asyncio and hashlib load OpenSSL on sight but do without when it is absent. An agent that reports over plain HTTP (a
center on the same machine) or to nobody has no TLS to speak, and cryptography brings what signing needs.
"""

from __future__ import annotations

import sys


def leave_out_tls() -> None:
    """Makes `import ssl` and `import _hashlib` fail from now on, unless they are loaded already. Call it before anything
    imports asyncio; it holds for the process."""
    for name in ("ssl", "_ssl", "_hashlib"):
        sys.modules.setdefault(name, None)  # type: ignore[arg-type]
