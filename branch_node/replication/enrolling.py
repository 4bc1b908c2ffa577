"""A node shows its one-time token to headquarters and leaves its public key."""

import asyncio
from pathlib import Path

import httpx
import msgspec

from branch_node.replication.line import line_to
from shared.nodes.identity import NodeKey
from shared.replication.messages import ENROL_PATH, EnrolRequest, Refusal

ENROL_ATTEMPTS = 5


class EnrolmentRefused(Exception):
    """Headquarters did not take the token; the message is its own."""


async def enrol(folder: Path, branch: str, token: str, hq_url: str) -> str:
    """Show the token and our public key; the branch name headquarters has on file. Raises EnrolmentRefused.

    May be repeated with the same token while the answer was lost, and is, up to ENROL_ATTEMPTS times.
    """
    key = NodeKey.load_or_create(folder / "node.key")
    asked = EnrolRequest(token, branch, key.public_text)
    async with line_to(hq_url, 15.0) as http:
        answer = await _shown(http, msgspec.json.encode(asked), hq_url)
    if answer.status_code != 200:
        try:
            raise EnrolmentRefused(msgspec.json.decode(answer.content, type=Refusal).message)
        except msgspec.MsgspecError:
            raise EnrolmentRefused(f"headquarters answered {answer.status_code}") from None
    return str(msgspec.json.decode(answer.content)["name"])


async def _shown(http: httpx.AsyncClient, body: bytes, hq_url: str) -> httpx.Response:
    """The answer to a token. After a lost answer it is shown again: with the same key it is taken twice."""
    failures = 0
    while True:
        try:
            return await http.post(ENROL_PATH, content=body)
        except httpx.HTTPError as error:
            failures += 1
            if isinstance(error, httpx.ConnectError) or failures == ENROL_ATTEMPTS:
                raise EnrolmentRefused(f"headquarters at {hq_url} cannot be reached: {error!r}") from error
            await asyncio.sleep(0.2 * 2**failures)
