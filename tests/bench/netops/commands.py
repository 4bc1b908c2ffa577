"""Remote control: how soon 1,000 idle agents have a command, beside bare waiting lines; 10,000 commands under every fault."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import io
import json
import resource
import socket
import statistics
import struct
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from netops.agent.http_out import HttpOut, LineBroken
from netops.center.app import center_app
from netops.center.commands.actions import Order, Orderer
from netops.center.commands.rules import Right
from netops.center.models import Node
from netops.center.setup import APPS, prepare
from shared.database import open_database
from shared.nodes.identity import NodeKey, RequestSigner
from shared.web.serving import collect_seldom
from tests.bench.table import print_table
from tests.faults.fuzz_commands import Fuzz
from tests.support.center_site import settings_of
from tests.support.web_site import Served

ROUNDS = 5
HANDS = 2
"""So many processes read for the agents, each for its share: one comes to the last of a thousand only after 60 ms of its own work, which a
thousand machines do not wait for. More than there are processors would not read sooner."""
ADA = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])


def key_of(number: int) -> NodeKey:
    return NodeKey.from_bytes(hashlib.sha256(f"node {number}".encode()).digest())


# --- the agents' side, processes of their own ---------------------------------------------------------------------


class StampedSocket(socket.socket):
    """A socket that notes when its last bytes reached this machine's kernel: a process that reads for a thousand agents comes to
    the last of them only after the others, which a thousand machines would not. Noting it makes that process slower."""

    STAMPS = 35  # SO_TIMESTAMPNS
    made: ContextVar[list[StampedSocket]] = ContextVar("made")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.received_at = float("nan")
        if (of_this_line := self.made.get(None)) is not None:
            self.setsockopt(socket.SOL_SOCKET, self.STAMPS, 1)
            of_this_line.append(self)

    def recv(self, size: int, flags: int = 0) -> bytes:
        data, told, _flags, _address = self.recvmsg(size, 64, flags)
        for _level, kind, stamp in told:
            if kind == self.STAMPS:
                seconds, nanoseconds = struct.unpack("qq", stamp)
                self.received_at = seconds + nanoseconds / 1e9
        return data


async def wait_in_line(url: str, number: int, after: int) -> float:
    """One long poll as an agent makes it; when its answer was there (time.monotonic, the same for all processes): read, or with
    stamps at its socket."""
    line = HttpOut(url)
    StampedSocket.made.set(mine := [])
    signer = RequestSigner(
        key_of(number), f"n{number}", f"{1_000_000_000_000 + int(time.time() * 1000):013d}-{number:08x}"
    )
    path = f"/agent/v1/commands?after={after}&wait=50&forms=tree"
    try:
        answer = await line.ask("GET", path, signer.headers("GET", path), timeout_seconds=60)
    except LineBroken:
        return float("nan")
    if b"payload" not in answer.body:
        return float("nan")
    return mine[-1].received_at - (time.time() - time.monotonic()) if mine else time.monotonic()


async def agents(url: str, first: int, count: int, *, with_stamps: bool) -> None:
    """So many agents from a number on. Rounds on demand: a line on stdin begins one, the times go to stdout as JSON."""
    loop = asyncio.get_running_loop()
    if with_stamps:
        socket.socket = StampedSocket  # type: ignore[misc]
    for after in range(ROUNDS):
        await loop.run_in_executor(None, sys.stdin.readline)
        tasks = []
        for number in range(first, first + count):
            tasks.append(asyncio.create_task(wait_in_line(url, number, after)))
            if number % 50 == 49:
                await asyncio.sleep(0.05)
        print("waiting", flush=True)
        print(json.dumps(await asyncio.gather(*tasks)), flush=True)


# --- the center's side -------------------------------------------------------------------------------------------


def bare_lines() -> tuple[Starlette, Callable[[], Awaitable[None]]]:
    """The anchor: lines that wait for one event and are answered with constant bytes of a command's size."""
    state: dict[str, Any] = {"wake": None, "waiting": 0}
    body = json.dumps(
        {"commands": [{"payload": "x" * 420, "key_id": "k" * 16, "signature": "s" * 86}]}
    ).encode()

    async def wait(_request: Request) -> Response:
        state["wake"] = state["wake"] or asyncio.Event()
        await state["wake"].wait()
        return Response(body, media_type="application/json")

    async def wake() -> None:
        event, state["wake"] = state["wake"], None
        event.set()

    return Starlette(routes=[Route("/agent/v1/commands", wait)]), wake


@dataclass
class Measured:
    """Seconds from the order to each agent's answer, over all rounds; seconds of CPU of both sides per round."""

    found: list[float] = field(default_factory=list)
    own_cpu: list[float] = field(default_factory=list)
    agents_cpu: list[float] = field(default_factory=list)


def measure(
    app: Starlette,
    wake: Callable[[], Awaitable[None]],
    count: int,
    settle: float,
    *,
    with_stamps: bool = False,
) -> Measured:
    """Five rounds; the agents are processes of their own on the same cores."""
    loops: list[asyncio.AbstractEventLoop] = []

    async def remember(scope: Any, receive: Any, send: Any) -> None:
        if not loops:
            loops.append(asyncio.get_running_loop())
        await app(scope, receive, send)

    measured = Measured()
    with Served(remember) as server:  # type: ignore[arg-type]
        share = count // HANDS
        hands = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.bench.netops.commands", server.url, str(number * share), str(share), "stamps" * with_stamps],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            )
            for number in range(HANDS)
        ]  # fmt: skip
        for _ in range(ROUNDS):
            for hand in hands:
                said(hand, "go\n")
            assert [heard(hand) for hand in hands] == ["waiting\n"] * HANDS
            time.sleep(settle)
            theirs, own, began = agents_cpu(hands), time.process_time(), time.monotonic()
            asyncio.run_coroutine_threadsafe(wake(), loops[0]).result(30)
            answers = [heard(hand) for hand in hands]
            measured.own_cpu.append(time.process_time() - own)
            measured.agents_cpu.append(agents_cpu(hands) - theirs)
            measured.found += [at - began for answer in answers for at in json.loads(answer)]
        for hand in hands:
            hand.communicate(timeout=10)
    return measured


def said(hand: subprocess.Popen[str], words: str) -> None:
    assert hand.stdin is not None
    hand.stdin.write(words)
    hand.stdin.flush()


def heard(hand: subprocess.Popen[str]) -> str:
    assert hand.stdout is not None
    return hand.stdout.readline()


def agents_cpu(hands: Sequence[subprocess.Popen[str]]) -> float:
    """Seconds of the processor of all of them."""
    times = [psutil.Process(hand.pid).cpu_times() for hand in hands]
    return sum(one.user + one.system for one in times)


def center(folder: Path, count: int, stored: list[float]) -> tuple[Starlette, Callable[[], Awaitable[None]]]:
    """A center that knows `count` nodes, and the order of one command at all of them; how long each took until it was signed,
    committed and sent to the lines that wait is added to `stored`."""
    folder.mkdir(parents=True)
    settings = settings_of(folder)
    asyncio.run(prepare(settings))

    async def enrol() -> None:
        async with open_database(settings.url_of_database, APPS):
            await Node.bulk_create(
                [Node(name=f"n{one}", public_key=key_of(one).public_text) for one in range(count)]
            )

    asyncio.run(enrol())
    app, nodes = center_app(settings), [f"n{one}" for one in range(count)]

    async def order() -> None:
        began = time.monotonic()
        with app.state.use_database():
            await app.state.commands.order(
                ADA, Order("configuration.reload", "a measurement", lifetime="until"), nodes
            )
        stored.append(time.monotonic() - began)

    return app, order


def latency(folder: Path, count: int = 1000) -> None:
    """All in the same run, on the same machine, with the same client."""
    resource.setrlimit(
        resource.RLIMIT_NOFILE, (min(8192, resource.getrlimit(resource.RLIMIT_NOFILE)[1]),) * 2
    )
    collect_seldom()  # as the center does when it serves
    rows = []
    anchor, stored = 0.0, list[float]()
    for name, (app, wake), with_stamps in (
        ("bare waiting lines", bare_lines(), False),
        ("center, signed and stored", center(folder / "read", count, stored), False),
        ("the same, at the agents' sockets", center(folder / "stamped", count, stored), True),
    ):
        measured = measure(app, wake, count, 3.0, with_stamps=with_stamps)
        seconds = sorted(measured.found)
        good = [one for one in seconds if one == one]
        p50, p95 = good[len(good) // 2] * 1000, good[int(len(good) * 0.95)] * 1000
        anchor = anchor or p95
        rows.append(
            [
                name, f"{len(good)} of {len(seconds)}", f"{p50:.0f}", f"{p95:.0f}", f"{p95 / anchor:.2f}",
                f"{statistics.median(measured.own_cpu) * 1000:.0f}",
                f"{statistics.median(measured.agents_cpu) * 1000:.0f}",
            ]
        )  # fmt: skip
    whole = sorted(one * 1000 for one in stored)
    rows.append(
        ["of it until the last was sent", "", f"{whole[len(whole) // 2]:.0f}", f"{whole[-1]:.0f}", "", "", ""]
    )
    print_table(
        f"a command to {count} idle agents at once, {ROUNDS} rounds (goal: p95 <= 100 ms)",
        ["what", "answered", "p50 ms", "p95 ms", "p95 / bare", "CPU ms", "agents' CPU ms"],
        rows,
    )


def fuzz(folder: Path, count: int) -> None:
    """Kills before the act, after it and before the report; replays, reordering, tampering, lost and repeated answers."""
    folder.mkdir(parents=True)
    settings = settings_of(folder)

    async def run() -> Any:
        await prepare(settings)
        async with open_database(settings.url_of_database, APPS):
            return await Fuzz(folder / "node", count, seed=7).run()

    began = time.monotonic()
    with contextlib.redirect_stdout(io.StringIO()):
        outcome = asyncio.run(run())
    states = ", ".join(f"{state} {number}" for state, number in sorted(outcome.states.items()))
    print_table(
        f"{count} commands, {outcome.kills} kills, {outcome.mangled} replayed or forged, {time.monotonic() - began:.0f} s (goal: 0, 0, 0)",
        ["ended as", "lost", "twice", "forged", "audits equal"],
        [
            [
                states,
                str(len(outcome.lost)),
                str(len(outcome.twice)),
                str(len(outcome.forged)),
                str(outcome.audits_equal),
            ]
        ],
    )


if __name__ == "__main__":
    asyncio.run(agents(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), with_stamps=bool(sys.argv[4])))
