"""The floor of `reconnect`: a headquarters that reads each request and answers as if it had applied it, and does nothing else.

`python -m tests.bench.answering_hq PORT SEQ`. What the same load takes against it is the branches' own share of the clock, and HTTP's.
"""

import sys

import msgspec
import uvicorn
from starlette.types import Receive, Scope, Send

from shared.replication.messages import CursorReply


class Answering:
    """One answer for everybody: the cursor at `seq`."""

    def __init__(self, seq: int) -> None:
        self.answer = msgspec.json.encode(CursorReply("e", seq, "0" * 32))
        size = str(len(self.answer)).encode()
        self.headers = [(b"content-type", b"application/json"), (b"content-length", size)]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": self.headers})
        await send({"type": "http.response.body", "body": self.answer})


if __name__ == "__main__":
    port, seq = (int(word) for word in sys.argv[1:3])
    uvicorn.run(Answering(seq), host="127.0.0.1", port=port, log_config=None, lifespan="off", ws="none")
