"""What the agent costs while it supervises, probes, samples, tails and reports; beside what is installed here."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import psutil

from shared.nodes.identity import NodeKey
from tests.bench.netops.supervisors import program
from tests.bench.table import print_table
from tests.support.agent import RunningAgent, dummy, service, until
from tests.support.ports import free_port
from tests.support.stub_center import StubCenter

_SETTLE_SECONDS = 8


def run(folder: Path, seconds: int) -> None:
    """The agent with 1, 3 and 7 probed services; each writes a log line a second; with and without a center."""
    rows = []
    for count, has_center in ((1, False), (3, False), (3, True), (7, True)):
        rows.append(_measure_agent(folder / f"{count}-{has_center}", count, has_center, seconds))
    for name, command in (
        ("node_exporter", "prometheus-node-exporter"),
        ("netdata", "netdata -D"),
        ("glances", "glances -s -B 127.0.0.1"),
    ):
        rows.append(_measure_other(name, command.split(), seconds))
    print_table(
        f"cost over {seconds} s (goal: <= 0.2 % of a core, <= 35 MB)",
        ["what", "CPU % of a core", "RSS MB", "of it private MB"],
        rows,
    )


def _measure_agent(folder: Path, count: int, has_center: bool, seconds: int) -> list[str]:
    folder.mkdir(parents=True)
    ports = [free_port() for _ in range(count)]
    services = "".join(service(f"web-{port}", dummy(port=port), port) for port in ports)
    writer = [
        sys.executable,
        "-S",
        "-u",
        "-c",
        "import time\\nwhile True: print('{}', flush=True); time.sleep(1)",
    ]
    services += service("writer", writer)
    key = NodeKey.load_or_create(folder / "node.key")
    with StubCenter(key.public_text) as center:
        center.wait_seconds, center.longest_poll_seconds = 10.0, 50.0
        head = (
            f'[center]\nurl = "http://127.0.0.1:{center.port}"\ncommand_keys = ["{key.public_text}"]'
            if has_center
            else ""
        )
        with RunningAgent(folder, services, head) as agent:
            until(lambda: all(one["state"] == "running" for one in agent.ask("status")["state"]["services"]))
            cpu, rss, private = _watch(psutil.Process(agent.process.pid), seconds)
    words = f"trunkline agent, {count} probed service{'s' if count > 1 else ''}{', reporting' if has_center else ''}"
    return [words, f"{cpu:.3f}", f"{rss:.1f}", f"{private:.1f}"]


def _measure_other(name: str, command: list[str], seconds: int) -> list[str]:
    found = program(command[0])
    if not found:
        return [name, "skipped", "not installed", ""]
    process = subprocess.Popen([found, *command[1:]], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        cpu, rss, private = _watch(psutil.Process(process.pid), seconds)
    finally:
        process.terminate()
        process.wait(20)
    return [name, f"{cpu:.3f}", f"{rss:.1f}", f"{private:.1f}"]


def _watch(process: psutil.Process, seconds: int) -> tuple[float, float, float]:
    """By the scheduler's own account, in nanoseconds: the ticks that ps and psutil show are 0.03 % of a core in 30 s."""
    time.sleep(_SETTLE_SECONDS)
    before, began = _cpu_ns(process.pid), time.monotonic()
    time.sleep(seconds)
    after, elapsed = _cpu_ns(process.pid), time.monotonic() - began
    used_ns = sum(ns - before.get(thread, 0) for thread, ns in after.items())
    memory = process.memory_full_info()
    return used_ns / 1e9 / elapsed * 100, memory.rss / 1e6, memory.uss / 1e6


def _cpu_ns(pid: int) -> dict[str, int]:
    """Processor time of each thread of a process so far."""
    threads = Path(f"/proc/{pid}/task").iterdir()
    return {one.name: int((one / "schedstat").read_text().split()[0]) for one in threads}
