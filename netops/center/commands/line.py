"""The long poll by which agents hear of commands."""

from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from netops.center.commands.actions import Commands
from netops.center.commands.outbox import Answering
from netops.center.ingest.proof import accept_once, prove
from netops.center.nodes.state import NodeState
from shared import clock
from shared.errors import Refused
from shared.i18n import N_
from shared.nodes.report import CommandOutbox, SignedCommand

LONGEST_WAIT_SECONDS = 50.0

_ANSWER = msgspec.json.Encoder()


async def wait_for_commands(request: Request) -> Response:
    """GET /agent/v1/commands: what waits for the node, at once; else when something is ordered or the wait is over."""
    request.state.waits = True
    node, signed = await prove(request, b"")
    accept_once(node, signed)
    try:
        wait = min(float(request.query_params.get("wait", "0")), LONGEST_WAIT_SECONDS)
        after = int(request.query_params.get("after", "0"))
    except ValueError:
        raise Refused(N_("The report cannot be read.")) from None
    forms = request.query_params.get("forms", "")
    return LineAnswer(request.app.state.commands, node, after, max(wait, 0.0), forms)


class LineAnswer(Response):
    """The answer to a poll: its head leaves when the wait begins, so that what was ordered has only its own bytes to send.

    What goes wrong before has a status; what goes wrong later cuts the answer short, and the agent asks again.
    """

    def __init__(
        self, commands: Commands, node: NodeState, after: int, wait_seconds: float, forms: str
    ) -> None:
        self._commands, self._node, self._after, self._forms = commands, node, after, forms
        self._wait_seconds = wait_seconds

    async def __call__(self, _scope: Scope, _receive: Receive, send: Send) -> None:
        commands, name = self._commands, self._node.name

        def body(found: Sequence[SignedCommand]) -> bytes:
            shown = commands.for_line(found, self._forms) if found else ()
            outbox = CommandOutbox(at=clock.now(), commands=[*shown], is_watched=self._node.is_watched)
            return _ANSWER.encode(outbox)

        async def send_body(body: bytes) -> None:
            await send({"type": "http.response.body", "body": body})

        async with commands.outbox.line(name) as line:
            found: Sequence[SignedCommand] = await commands.hand_out(name, self._after)
            await send(_head())
            if not found and await line.wait(self._wait_seconds, Answering(body, send_body)):
                if line.is_answered:
                    return
                found = line.commands or await commands.hand_out(name, self._after)
        await send_body(body(found))


def _head() -> Message:
    """As an answer without a length begins; whoever passes it on may add to it."""
    headers = [(b"content-type", b"application/json")]
    return {"type": "http.response.start", "status": 200, "headers": headers}
