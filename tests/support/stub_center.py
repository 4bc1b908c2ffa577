"""The least that can stand at the other end of an agent's line: checks signatures, keeps what comes, hands out commands."""

from __future__ import annotations

import threading
import time
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import msgspec

from shared.clock import now
from shared.nodes.identity import ReplayGuard, verify_request
from shared.nodes.report import (
    COMMANDS_PATH,
    REPORT_PATH,
    Ack,
    CommandOutbox,
    CommandResult,
    Incident,
    Item,
    LogBatch,
    RecoveryRecord,
    Report,
    SampleBatch,
    SignedCommand,
    decode_report,
)


class StubCenter:
    """Use as a context manager. `away = True` answers everything with 503; `lose_acks` keeps items but answers 500."""

    def __init__(self, public_text: str, port: int = 0) -> None:
        self.public_text = public_text
        self.reports: list[Report] = []
        self.items: list[Item] = []
        self.commands: list[SignedCommand] = []
        self.away = False
        self.lose_acks = 0
        self.wait_seconds = 0.2
        self.longest_poll_seconds = 2.0
        self.clock_error = timedelta(0)
        self.refused: list[str] = []
        self._guard = ReplayGuard()
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", port), self._handler())
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._ending = False

    def __enter__(self) -> StubCenter:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending = True
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def of(self, kind: type) -> list[Item]:
        return [item for item in self.items if isinstance(item, kind)]

    def samples(self) -> list[int]:
        """Instants of all samples received, in the order of arrival, repeated ones too."""
        return [row.at_us for batch in self.of(SampleBatch) for row in batch.rows]

    def lines(self) -> list[str]:
        return [line.text for batch in self.of(LogBatch) for line in batch.lines]

    def recoveries(self) -> dict[str, RecoveryRecord]:
        """The latest version of each."""
        return {record.id: record for record in self.of(RecoveryRecord)}

    def incidents(self) -> dict[str, Incident]:
        return {incident.id: incident for incident in self.of(Incident)}

    def results(self) -> list[tuple[str, str, str]]:
        """(command id, state, code) of each different step, in order."""
        return list(dict.fromkeys((one.id, one.state, one.code) for one in self.of(CommandResult)))

    def _take(self, body: bytes, encoding: str) -> bytes | None:
        report = decode_report(body, encoding)
        with self._lock:
            self.reports.append(report)
            self.items += report.items
            if self.lose_acks:
                self.lose_acks -= 1
                return None
        taken = [item.key for item in report.items]
        return msgspec.json.encode(
            Ack(at=now() + self.clock_error, taken=taken, wait_seconds=self.wait_seconds)
        )

    def _hand_out(self, path: str) -> bytes:
        query = parse_qs(urlsplit(path).query)
        after, deadline = (
            int(query["after"][0]),
            time.monotonic() + min(self.longest_poll_seconds, float(query["wait"][0])),
        )
        while time.monotonic() < deadline and not self._ending:
            found = [one for one in self.commands if msgspec.json.decode(one.payload)["seq"] > after]
            if found:
                break
            time.sleep(0.01)
        else:
            found = []
        return msgspec.json.encode(CommandOutbox(at=now() + self.clock_error, commands=found))

    def _handler(center) -> type[BaseHTTPRequestHandler]:
        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                self._serve(
                    "POST", body, lambda: center._take(body, self.headers.get("Content-Encoding", ""))
                )

            def do_GET(self) -> None:
                self._serve("GET", b"", lambda: center._hand_out(self.path))

            def _serve(self, method, body, answer) -> None:
                if center.away:
                    self._send(503, b"")
                    return
                try:
                    request = verify_request(center.public_text, self.headers, method, self.path, body)
                    center._guard.accept(request)
                except Exception as refused:
                    center.refused.append(repr(refused))
                    self._send(401, b"")
                    return
                assert self.path.startswith((REPORT_PATH, COMMANDS_PATH))
                content = answer()
                self._send(500 if content is None else 200, content or b"")

            def _send(self, status: int, body: bytes) -> None:
                try:
                    self.send_response(status)
                    self.send_header("Content-Length", str(len(body)))
                    self.send_header("Connection", "close")
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_: object) -> None:
                pass

        return Handler
