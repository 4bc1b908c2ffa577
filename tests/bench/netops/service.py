"""The service all supervisors run: 26 ms of work, then it answers HTTP. It writes its pid, because not everyone tells it."""

import os
import socket
import sys
import time

port, pid_file, start_seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
began = time.monotonic()
while time.monotonic() - began < start_seconds:
    pass
with open(pid_file + ".new", "w") as stream:
    stream.write(str(os.getpid()))
os.replace(pid_file + ".new", pid_file)
listener = socket.socket()
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind(("127.0.0.1", port))
listener.listen(64)
while True:
    line, _ = listener.accept()
    line.settimeout(1)
    try:
        if b"/hang" in line.recv(1000):
            time.sleep(10_000)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\nConnection: close\r\n\r\nok\n")
    except OSError:
        pass
    line.close()
