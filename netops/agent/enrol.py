"""`netops agent enrol TOKEN`: this node becomes known to its center. Two requests, as shared/nodes/enrolment.py says."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import TypeVar

import msgspec

from netops.agent.http_out import HttpOut, LineBroken
from shared.nodes.enrolment import (
    CenterProof,
    Enrolled,
    EnrolmentRefused,
    Greeting,
    Token,
    ask_enrolment,
    check_center,
    check_enrolled,
)
from shared.nodes.identity import NodeKey
from shared.nodes.report import ENROL_HELLO_PATH, ENROL_PATH

T = TypeVar("T")


async def enrol(
    url: str, text: str, key_file: Path, *, node: str, branch: str, role: str, ca_file: str = ""
) -> Enrolled:
    """The center's answer with the command keys to believe. The key is made when there is none.

    Raises EnrolmentRefused (WrongPin: somebody else answers there, and nothing secret was sent) or LineBroken.
    """
    token, line, nonce = Token.from_text(text), HttpOut(url, ca_file), secrets.token_urlsafe(24)
    proof = await _ask(line, ENROL_HELLO_PATH, Greeting(nonce=nonce), CenterProof)
    check_center(proof, token.pin, nonce)
    key = NodeKey.load_or_create(key_file)
    request = ask_enrolment(key, token, proof, nonce, node=node, branch=branch, role=role)
    answer = await _ask(line, ENROL_PATH, request, Enrolled)
    check_enrolled(answer, proof.public_key, nonce)
    return answer


async def _ask(line: HttpOut, path: str, message: msgspec.Struct, kind: type[T]) -> T:
    headers = {"Content-Type": "application/json", "Accept": "application/json"}
    answer = await line.ask("POST", line.path(path), headers, msgspec.json.encode(message))
    if answer.status != 200:
        raise _refusal(answer.status, answer.body)
    try:
        return msgspec.json.decode(answer.body, type=kind)
    except msgspec.DecodeError as error:
        raise LineBroken(f"what answers at {path} is not a center: {error}") from error


def _refusal(status: int, body: bytes) -> EnrolmentRefused:
    """The center's own sentence and code, if it gave one."""
    try:
        error = msgspec.json.decode(body)["error"]
        return EnrolmentRefused(str(error["message"]).replace("%", "%%"), code=str(error["code"]))
    except (msgspec.DecodeError, KeyError, TypeError):
        return EnrolmentRefused("The center refused with HTTP %(status)s.", status=status)
