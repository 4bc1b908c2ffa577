"""A node becomes known once, by the right token and at the right center; it changes its key; it is shut out."""

import argparse
import asyncio
import re
import shlex
from datetime import timedelta
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.agent import enrol as agent_side
from netops.agent.cli import add_arguments
from netops.agent.http_out import Answer
from netops.center.commands.keys import CenterKeys
from netops.center.enrolment import actions
from netops.center.models import Node
from shared import clock
from shared.clock import FixedClock
from shared.nodes.enrolment import EnrolmentRefused, Token, WrongPin, draft_of, new_key_of
from shared.nodes.identity import BootSource, NodeKey, RequestSigner
from tests.support.center_people import CenterSite
from tests.support.web_site import Visitor, in_app

JSON = {"accept": "application/json"}
AGENT_UNIT = Path(__file__).parents[3] / "deploy/systemd/trunkline-agent.service"


class ToSite:
    """The agent's HTTP line, ending in the test's client."""

    def __init__(self, client: Any) -> None:
        self.client, self.sent = client, []

    def path(self, path: str) -> str:
        return path

    async def ask(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Answer:
        self.sent.append((path, body))
        answer = await asyncio.to_thread(self.client.request, method, path, content=body, headers=headers)
        return Answer(answer.status_code, dict(answer.headers), answer.content)


@pytest.fixture
def line(people: dict[str, Visitor], monkeypatch: pytest.MonkeyPatch) -> ToSite:
    line = ToSite(people["nobody"].client)
    monkeypatch.setattr(agent_side, "HttpOut", lambda _url, _ca: line)
    return line


def token_of(center: CenterSite, node: str, **more: Any) -> str:
    keys = CenterKeys(center.settings.data_dir)
    given = {"branch": "SH", "role": "branch", **more}
    return str(in_app(center.app, lambda: actions.make_token(keys, "Ada (ada)", node=node, **given)))


def enrol(token: str, folder: Any, node: str, branch: str = "SH", role: str = "branch") -> Any:
    key_file = folder / f"{node}.key"
    return asyncio.run(
        agent_side.enrol("http://center", token, key_file, node=node, branch=branch, role=role)
    )


def code_of(token: str, folder: Any, node: str, **more: str) -> str:
    with pytest.raises(EnrolmentRefused) as refused:
        enrol(token, folder, node, **more)
    return refused.value.code


def test_a_token_lets_its_node_in_once_and_brings_the_command_key(center, line, folder) -> None:
    token = token_of(center, "sh-1")
    answer = enrol(token, folder, "sh-1")
    assert answer.command_keys == [CenterKeys(center.settings.data_dir).command.public_text]
    node = in_app(center.app, lambda: Node.get(name="sh-1"))
    assert (node.branch, node.role, node.status) == ("SH", "branch", "active")
    assert node.public_key == NodeKey.load_or_create(folder / "sh-1.key").public_text
    assert code_of(token, folder, "sh-1") == "enrolment.used"


def test_a_token_is_bound_to_node_branch_and_role_and_dies_of_wrong_tries(center, line, folder) -> None:
    token = token_of(center, "sh-2")
    assert code_of(token, folder, "sh-2", branch="PAR") == "enrolment.binding"
    assert code_of(token, folder, "sh-2", role="hq") == "enrolment.binding"
    for _ in range(3):
        assert code_of(token, folder, "other") == "enrolment.binding"
    assert code_of(token, folder, "sh-2") == "enrolment.unknown"


def test_a_token_is_over_after_15_minutes(center, line, folder) -> None:
    token = token_of(center, "sh-3")
    with clock.use(FixedClock(clock.now() + timedelta(minutes=16))):
        assert code_of(token, folder, "sh-3") == "enrolment.expired"


def test_at_the_wrong_center_nothing_secret_is_sent(center, line, folder) -> None:
    other = Token.make(NodeKey.generate().public_text)
    with pytest.raises(WrongPin):
        enrol(other.to_text(), folder, "sh-4")
    assert [path for path, _ in line.sent] == ["/agent/v1/enrol/hello"]
    assert other.secret.encode() not in b"".join(body for _, body in line.sent)
    with pytest.raises(EnrolmentRefused, match="whole"):
        enrol("tle1.short", folder, "sh-4")


def test_an_enrolment_overheard_is_no_use_to_another_key_or_later(center, line, folder) -> None:
    token = token_of(center, "sh-5")
    enrol(token, folder, "sh-5")
    _, body = line.sent[-1]
    again = line.client.post("/agent/v1/enrol", content=body, headers=JSON)
    assert again.status_code == 403 and again.json()["error"]["code"] == "enrolment.used"
    changed = {**msgspec.json.decode(body), "public_key": NodeKey.generate().public_text}
    stolen = line.client.post("/agent/v1/enrol", content=msgspec.json.encode(changed), headers=JSON)
    assert stolen.json()["error"]["code"] == "enrolment.proof"


class KnownNode:
    """An enrolled node that signs requests."""

    def __init__(self, client: Any, folder: Any, name: str) -> None:
        self.client, self.folder, self.name = client, folder, name
        self.key = NodeKey.load_or_create(folder / f"{name}.key")
        self.signer = RequestSigner(self.key, name, BootSource(folder / "boot").next_boot())

    def poll(self) -> int:
        path = "/agent/v1/commands?after=0&wait=0"
        return int(self.client.get(path, headers=self.signer.headers("GET", path)).status_code)

    def send_key(self, key: NodeKey, node: str = "") -> int:
        body = msgspec.json.encode(new_key_of(key, node or self.name))
        headers = self.signer.headers("POST", "/agent/v1/key", body)
        return int(self.client.post("/agent/v1/key", content=body, headers=headers).status_code)


def test_a_node_changes_its_key_with_overlap_and_the_old_one_ends_with_the_first_use(
    center, line, folder
) -> None:
    enrol(token_of(center, "sh-6"), folder, "sh-6")
    node = KnownNode(line.client, folder, "sh-6")
    fresh = NodeKey.load_or_create(draft_of(folder / "sh-6.key"))
    assert node.send_key(fresh, node="sh-1") == 403
    assert node.send_key(fresh) == 200
    assert node.poll() == 200
    old, node.signer.key = node.key, fresh
    assert node.poll() == 200
    node.signer.key = old
    assert node.poll() == 401


def test_a_revoked_node_is_nobody_until_a_replacing_token(center, line, folder, people) -> None:
    enrol(token_of(center, "sh-7"), folder, "sh-7")
    node = KnownNode(line.client, folder, "sh-7")
    assert node.poll() == 200
    ada = people["ada"]
    ada.open("/enrol/sh-7/revoke")
    assert ada.send("/enrol/sh-7/revoke", reason="stolen laptop", typed_name="sh-8").status_code == 422
    assert ada.send("/enrol/sh-7/revoke", reason="stolen laptop", typed_name="sh-7").status_code == 200
    assert node.poll() == 401
    assert "revoked node sh-7" in ada.open("/audit").text
    enrol(token_of(center, "sh-7", replaces=True), folder, "sh-7")
    assert node.poll() == 200


def test_the_token_is_shown_once_on_the_page_that_made_it(center, people) -> None:
    ada = people["ada"]
    ada.open("/enrol")
    made = ada.send("/enrol", node="par-1", branch="PAR", role="branch")
    command = shlex.split(unescape(re.search(r'<pre class="ops-pre">(.+)</pre>', made.text)[1]))
    assert shlex.join(command[:6]) in AGENT_UNIT.read_text(), "as the unit starts it"
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    asked = parser.parse_args(command[4:])
    assert asked.token.startswith("tle1.") and asked.url.startswith("http")
    assert (asked.file, asked.node, asked.branch, asked.role) == (
        "/etc/trunkline/node.toml", "par-1", "PAR", "branch",
    )  # fmt: skip
    assert "tle1." not in ada.open("/enrol").text
    assert ada.send("/enrol", node="bad name", role="branch").status_code == 422
    assert people["eve"].open("/enrol").status_code == 200
