"""A newcomer who measures the agent gets everything that it is measured beside and that exists as a package."""

import re
import subprocess
from pathlib import Path

from tests.bench.netops.supervisors import ALL, Supervisord
from tests.support.reference import ROOT

LOCK = "tests/bench/netops/anchors.lock"


def test_the_bench_installs_its_anchors_first(tmp_path: Path) -> None:
    words = ["make", "-n", "bench-netops", f"VENV={tmp_path / 'venv'}"]
    steps = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    installs = next(line for line in steps.splitlines() if LOCK in line)
    assert "--require-hashes" in installs
    assert steps.index(LOCK) < steps.index("-m tests.bench.netops")


def test_what_they_are_is_pinned_with_hashes() -> None:
    text = (ROOT / LOCK).read_text("utf-8")
    pinned = dict(re.findall(r"^([\w-]+)==(\S+) \\\n    --hash=sha256:[0-9a-f]{64}$", text, re.M))
    assert {"supervisor", "glances"} <= pinned.keys() and len(pinned) == text.count("==")


def test_an_anchor_that_is_missing_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setattr("shutil.which", lambda _name: None)
    monkeypatch.setattr("sys.executable", "/nowhere/python")
    reasons = {kind.name: kind.missing() for kind in ALL}
    assert reasons[Supervisord.name].endswith("make bench-netops installs it")
    assert all("apt-get install" in reasons[name] for name in ("runit", "monit, 1 s cycle"))
