"""A service for tests of the agent: answers HTTP, or misbehaves as its arguments say. Run with `python -S`, 26 ms to ready."""

import os
import signal
import socket
import sys
import time

options = dict(word.split("=", 1) for word in sys.argv[1:])
if "start_delay" in options:
    time.sleep(float(options["start_delay"]))
if "deaf" in options:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
if "stop_delay" in options:
    signal.signal(signal.SIGTERM, lambda *_: (time.sleep(float(options["stop_delay"])), sys.exit(0)))
if "child" in options and os.fork() == 0:
    time.sleep(1000)
if "say" in options:
    sys.stdout.write(options["say"].replace("\\n", "\n") + "\n")
    sys.stdout.flush()
if "port" not in options:
    time.sleep(float(options.get("life", 1000)))
    sys.exit(int(options.get("exit", 0)))

listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", int(options["port"])))
listener.listen(64)
life_ends = time.monotonic() + float(options.get("life", 1e9))
while True:
    listener.settimeout(max(0.001, life_ends - time.monotonic()))
    try:
        line, _ = listener.accept()
    except TimeoutError:
        sys.exit(int(options.get("exit", 0)))
    request = line.recv(1000)
    if b"/hang" in request:  # a deadlock: alive, uses no CPU, never answers again
        time.sleep(10_000)
    if b"/spin" in request:  # busy for ever
        while True:
            pass
    status = options.get("status", "200 OK")
    line.sendall(f"HTTP/1.1 {status}\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n".encode())
    line.close()
