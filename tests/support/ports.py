"""Ports for the processes of tests.

They lie below those that the system lends to connections: one of these may be taken for a connection between the moment it was
found free and the moment its server listens, which then failed once in some runs. Each process of a run has its own row of them.
"""

import os
import random
import socket

FIRST, OF_A_PROCESS, PROCESSES = 20_000, 1_400, 8

_given = 0


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens; another one at each call, until the row is through."""
    global _given
    own = os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")
    first = FIRST + int(own) % PROCESSES * OF_A_PROCESS
    _given = _given or random.randrange(1, OF_A_PROCESS)
    for _ in range(OF_A_PROCESS):
        _given += 1
        port = first + _given % OF_A_PROCESS
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise AssertionError(f"no port is free from {first} on")
