"""The branches of the bench of load manners, as one process: they come back several times, and each sends one batch over the signed
protocol then; where its run is a new one it says hello before the first.

Keys, rows, chain, digest, frame and signatures are real and made before the clock starts. It prints `ready`; for each line that it reads
it connects all branches at once, and prints what became of them as JSON. A branch that is told to wait does so with full
jitter, as the sender does, and signs anew.
"""

import asyncio
import datetime
import gc
import hashlib
import json
import random
import re
import sys
import time
from dataclasses import dataclass, field
from typing import cast
from uuid import UUID

import msgspec
import uvloop

from branch_node.replication.source import LogRow, Position, pack
from shared import ids
from shared.nodes.identity import NodeKey, RequestSigner
from shared.records import SCHEMA_VERSION
from shared.replication.change import encode_line
from shared.replication.columns import replicated_tables
from shared.replication.messages import BATCH_PATH, HELLO_PATH, Hello

EPOCH, BASE = "e", 1
SELLERS = 5
DAY = datetime.date(2026, 11, 22)
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
RETRY_AFTER = re.compile(rb"\r\nretry-after: *([\d.]+)", re.IGNORECASE)


def code_of(number: int) -> str:
    return f"B{number:04d}"


def key_of(number: int) -> NodeKey:
    """The key of a branch, the same wherever it is asked for."""
    return NodeKey.from_bytes(hashlib.sha256(code_of(number).encode()).digest())


def seller(code: str, number: int) -> str:
    return str(UUID(bytes=hashlib.sha256(f"{code} {number}".encode()).digest()[:16], version=4))


def receipt(code: str, number: int) -> tuple[str, str]:
    """The id and the canonical row of a receipt of one of the branch's sellers."""
    row: dict[str, object] = dict.fromkeys(replicated_tables()["receipt"].names)
    row_id = str(ids.new_id())
    row |= {
        "id": row_id, "branch": code, "number": f"N-{number}", "customer_id": str(ids.new_id()), "owner_id": seller(code, number % SELLERS),
        "happened_on": DAY.isoformat(), "currency": "CNY", "status": "posted", "method": "bank", "reference": f"bank {number}",
        "rate_e9": 1_000_000_000, "amount_minor": 10_000 + number, "base_minor": 10_000 + number, "allocated_minor": 0,
        "allocated_base_minor": 0, "notes": "", "reverse_reason": "", "revision": 1, "recorded_at": 1_790_000_000_000_000,
    }  # fmt: skip
    return row_id, json.dumps(row, separators=(",", ":"), ensure_ascii=False, sort_keys=True)


def log_of(code: str, after: int, count: int) -> list[LogRow]:
    """The log of a branch after a position: so many receipts, a transaction each."""
    rows: list[LogRow] = []
    for seq in range(after + 1, after + 1 + count):
        row_id, row = receipt(code, seq)
        line = encode_line(seq, seq, "receipt", "i", SCHEMA_VERSION, 1_790_000_000_000, row_id, row)
        rows.append((seq, seq, "receipt", None, line))
    return rows


@dataclass
class Returning:
    """One branch: what it will say each time and where its log ends then, and how often it was told to wait."""

    code: str
    signer: RequestSigner
    times: list[tuple[int, list[tuple[str, bytes, bytes]]]] = field(default_factory=list)
    waits: int = 0
    seconds: float = 0.0

    @classmethod
    def prepared(cls, number: int, rounds: int, count: int, *, greets: bool = True) -> "Returning":
        code = code_of(number)
        signer = RequestSigner(key_of(number), code, f"{time.time_ns() // 1_000_000:013d}-{number:08x}")
        made, position = cls(code, signer), Position(BASE)
        for begun in range(rounds):
            rows = log_of(code, position.seq, count)
            body, position = pack(code, EPOCH, position, rows, rows[-1][0], SCHEMA_VERSION)
            said = [(BATCH_PATH, body)]
            if greets and not begun:
                said.insert(
                    0, (HELLO_PATH, msgspec.json.encode(Hello(code, EPOCH, position.seq, SCHEMA_VERSION)))
                )
            made.times.append((position.seq, [(path, body, made.request(path, body)) for path, body in said]))
        return made

    def request(self, path: str, body: bytes) -> bytes:
        """A signed HTTP request as bytes."""
        headers = {
            **self.signer.headers("POST", path, body),
            "Host": "127.0.0.1",
            "Content-Length": str(len(body)),
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode() + body

    async def drain(self, port: int, begun: float) -> None:
        """Each request of this time until it is taken; the seconds since all began."""
        last, requests = self.times.pop(0)
        line = await Line.to(port)
        for path, body, request in requests:
            status, after, answer = await line.ask(request)
            while status in (429, 503):
                self.waits += 1
                line.end()
                await asyncio.sleep(after + random.uniform(0.0, 0.2 * 2 ** min(self.waits, 12)))
                line = await Line.to(port)
                status, after, answer = await line.ask(self.request(path, body))
            if status != 200:
                raise RuntimeError(f"{self.code} {path}: {status} {answer[:200]!r}")
        assert msgspec.json.decode(answer)["seq"] == last
        self.seconds = time.perf_counter() - begun
        line.end()


class Line(asyncio.Protocol):
    """A connection on which one request is asked at a time. It is lean, because in truth the branches have machines of their own and
    what a thousand of them cost here is taken from headquarters."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._received = b""
        self._answered: asyncio.Future[tuple[int, float, bytes]] | None = None

    @classmethod
    async def to(cls, port: int) -> "Line":
        return (await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port))[1]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError("headquarters hung up"))

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, found, body = self._received.partition(b"\r\n\r\n")
        length = CONTENT_LENGTH.search(head)
        if found and self._answered is not None and len(body) >= int(length[1] if length else 0):
            after = RETRY_AFTER.search(head)
            self._received = b""
            self._answered.set_result((int(head[9:12]), float(after[1]) if after else 0.0, body))

    def ask(self, request: bytes) -> "asyncio.Future[tuple[int, float, bytes]]":
        """Status, Retry-After and body of the answer."""
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def end(self) -> None:
        assert self._transport is not None
        self._transport.close()


async def run(port: int, branches: int, rounds: int, rows: int, greets: int) -> None:
    """Prepare; at each word drain all at once and print the seconds of each."""
    prepared = [Returning.prepared(number, rounds, rows, greets=bool(greets)) for number in range(branches)]
    gc.freeze()
    gc.disable()
    print("ready", flush=True)
    for _ in range(rounds):
        await asyncio.to_thread(sys.stdin.readline)
        begun, processor = time.perf_counter(), time.process_time()
        await asyncio.gather(*(one.drain(port, begun) for one in prepared))
        print(
            json.dumps(
                {
                    "seconds": [one.seconds for one in prepared],
                    "waits": sum(one.waits for one in prepared),
                    "processor": (time.process_time() - processor) * 1000,
                }
            ),
            flush=True,
        )


if __name__ == "__main__":
    uvloop.run(run(*(int(word) for word in sys.argv[1:6])))
