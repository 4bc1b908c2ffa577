"""What a site's process does not carry: libraries that it will not use, or not until somebody asks."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

import pytest

from shared import lean
from shared.lean import Later, without

HEAVY = (
    "aiosmtplib", "asyncpg", "authlib", "feedparser", "icalendar", "jwt", "openpyxl", "phonenumbers", "pypinyin", "rapidfuzz",
    "rich", "segno", "valkey", "watchfiles", "weasyprint", "websockets", "xlsxwriter",
)  # fmt: skip
LOADED = f"""
import sys
from shared.lean import Later, leanly
with leanly():
    import {{app}}
    from {{app}} import *
    import shared.web.serving
    import uvicorn
print([name for name in {HEAVY} if name in sys.modules and not isinstance(sys.modules[name], Later)])
"""


@pytest.mark.parametrize(
    ("app", "also"), [("branch_node.app", ""), ("hq.app", "asyncpg"), ("netops.center.app", "")]
)
def test_a_site_loads_nothing_heavy_before_it_is_used(app: str, also: str):
    loaded = subprocess.run(
        [sys.executable, "-c", LOADED.format(app=app)], check=True, capture_output=True, text=True, timeout=60
    )
    assert loaded.stdout.strip() == str([name for name in [also] if name])


def test_what_is_left_out_can_be_imported_again(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delitem(sys.modules, "colorsys", raising=False)
    with without("colorsys", "json"):
        with pytest.raises(ImportError):
            import colorsys
        import json  # loaded before: it stays
    import colorsys

    assert json.loads("1") == 1 and colorsys.rgb_to_hls(0, 0, 0) == (0, 0, 0)


def test_what_comes_later_is_loaded_when_it_is_used(monkeypatch: pytest.MonkeyPatch):

    monkeypatch.delitem(sys.modules, "wave", raising=False)
    later = Later("wave")
    monkeypatch.setitem(sys.modules, "wave", later)
    import wave as found

    assert found is later
    assert later.Wave_read.__name__ == "Wave_read"
    assert sys.modules["wave"] is not later and sys.modules["wave"].Wave_read is later.Wave_read
    with pytest.raises(AttributeError):
        _ = later.nothing_of_that_name


def own_megabytes() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def test_what_was_needed_for_a_moment_goes_back_to_the_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lean, "_given_back_at", -lean.GIVE_BACK_EVERY_S)
    parts = [b"x" * 60_000 for _ in range(1_000)]
    last = b"x" * 60_000
    full = own_megabytes()
    del parts
    assert own_megabytes() > full - 30
    assert lean.give_back() is True
    assert own_megabytes() < full - 40
    assert lean.give_back() is False
    assert len(last) == 60_000


async def test_who_asks_again_too_soon_has_it_done_a_little_later_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    done = 0

    def trim(_pad: int) -> int:
        nonlocal done
        done += 1
        return 1

    monkeypatch.setattr(lean, "_trim", lambda: trim)
    monkeypatch.setattr(lean, "_given_back_at", -1.0)
    monkeypatch.setattr(lean, "_is_due", False)
    monkeypatch.setattr(lean, "GIVE_BACK_EVERY_S", 0.05)
    assert [lean.give_back() for _ in range(4)] == [True, False, False, False]
    assert done == 1
    await asyncio.sleep(0.3)
    assert done == 2
