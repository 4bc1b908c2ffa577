"""`python -m tests.bench.netops [kill hang loop cost center commands fuzz] [--kills N]`: prints a table for each."""

from __future__ import annotations

import argparse
import os
import tempfile
from pathlib import Path

from tests.bench.netops import agent_cost, center_load, commands, crash_loop, times_to_ready
from tests.bench.netops.supervisors import ALL


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.netops", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        choices=[[], "kill", "hang", "loop", "cost", "center", "commands", "fuzz"],
        help="default: all",
    )
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--hangs", type=int, default=20)
    parser.add_argument("--seconds", type=int, default=60, help="how long the cost is measured")
    parser.add_argument("--nodes", type=int, default=1_000, help="simulated nodes at the center")
    parser.add_argument(
        "--engine", choices=("sqlite", "postgres"), default="sqlite", help="what the center's load is kept in"
    )
    parser.add_argument("--commands", type=int, default=10_000, help="how many the fuzz run orders")
    arguments = parser.parse_args()
    # an agent that compiles its sources at each start takes 1 MB more
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    parts = arguments.parts or ["kill", "hang", "loop", "cost", "center", "commands", "fuzz"]
    for supervisor in ALL:
        if why := supervisor.missing():
            print(f"skipped {supervisor.name}: {why}")
    with tempfile.TemporaryDirectory(prefix="trunkline-bench-") as folder:
        if "kill" in parts:
            times_to_ready.kills(Path(folder) / "kill", arguments.kills)
        if "hang" in parts:
            times_to_ready.hangs(Path(folder) / "hang", arguments.hangs)
        if "loop" in parts:
            crash_loop.run(Path(folder) / "loop")
        if "cost" in parts:
            agent_cost.run(Path(folder) / "cost", arguments.seconds)
        if "center" in parts:
            center_load.run(Path(folder) / "center", arguments.nodes, arguments.seconds, arguments.engine)
        if "commands" in parts:
            commands.latency(Path(folder) / "commands")
        if "fuzz" in parts:
            commands.fuzz(Path(folder) / "fuzz", arguments.commands)
    return 0


raise SystemExit(main())
