"""Numbers from outside are read by shared.digits: '²'.isdigit() is true, and int('²') is an error."""

from pathlib import Path

ROOT = Path(__file__).parents[3]
OF_BYTES = {"shared/web/endpoint.py", "shared/nodes/identity.py", "shared/replication/layout.py"}
"""Bytes know ASCII digits alone."""


def test_no_text_is_asked_whether_it_is_digits_in_the_loose_sense() -> None:
    files = [
        path
        for room in ("hq", "branch_node", "shared", "netops/center")
        for path in (ROOT / room).rglob("*.py")
    ]
    loose = {str(path.relative_to(ROOT)) for path in files if ".isdigit()" in path.read_text("utf-8")}
    assert len(files) > 500
    assert loose == OF_BYTES
