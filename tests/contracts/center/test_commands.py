"""Remote control as people use it, without scripts: order, second person, refusal, result, audit."""

import asyncio
import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from netops.center.commands.actions import Order, Orderer
from netops.center.commands.keys import CenterKeys
from netops.center.commands.rules import Right
from netops.center.models import AuditEntry
from netops.center.nodes.actions import enrol
from shared.clock import now
from shared.nodes.command import NodePolicy, read_genuine
from shared.nodes.identity import NodeKey
from shared.nodes.report import Ack, CommandOutbox, Report, decode_ack, decode_outbox, encode_body
from tests.support.center_people import CenterSite
from tests.support.desk_node import DeskNode
from tests.support.web_site import PASSWORD, Visitor, in_app

People = dict[str, Visitor]


class Wire:
    """A desk node that talks to the center over HTTP, signed."""

    def __init__(self, node: DeskNode, visitor: Visitor) -> None:
        self.node, self.client = node, visitor.client

    def post(self, path: str, message: Any) -> Any:
        body, headers = encode_body(message)
        signed = self.node.signer.headers("POST", path, body)
        return self.client.post(path, content=body, headers={**headers, **signed})

    def report(self, *, hello: bool = False, items: list[Any] | None = None) -> Ack:
        sent = self.node.outgoing if items is None else items
        answer = self.post(
            "/agent/v1/report",
            Report(
                at=now(),
                hello=self.node.hello() if hello else None,
                state=self.node.state(),
                items=list(sent),
            ),
        )
        assert answer.status_code == 200, answer.text
        self.node.outgoing = []
        return decode_ack(answer.content)

    def poll(self, forms: str = "") -> CommandOutbox:
        """As an agent of the first build polls; with `forms` as one that says what signatures it checks."""
        path = (
            f"/agent/v1/commands?after={asyncio.run(self.node.judged())}&wait=0{forms and '&forms=' + forms}"
        )
        answer = self.client.get(path, headers=self.node.signer.headers("GET", path))
        assert answer.status_code == 200, answer.text
        return decode_outbox(answer.content)

    def obey(self) -> None:
        """Poll, act, report, as the agent does."""
        for envelope in self.poll().commands:
            asyncio.run(self.node.take(envelope))
        self.report()


@pytest.fixture(scope="module")
def wire(center: CenterSite, people: People, tmp_path_factory: pytest.TempPathFactory) -> Wire:
    key = CenterKeys(center.settings.data_dir).command.public_text
    folder: Path = tmp_path_factory.mktemp("node")
    node = DeskNode(
        "gz-db1",
        folder,
        [key],
        allow=("service.*", "configuration.reload", "node.reboot", "log.tail", "standby.*"),
    )

    in_app(
        center.app,
        lambda: enrol("gz-db1", "branch", node.key.public_text, branch="SH", fleet=center.app.state.fleet),
    )
    wire = Wire(node, people["nobody"])
    wire.report(hello=True)
    return wire


def order(visitor: Visitor, verb: str, service: str = "", **fields: str) -> Any:
    """By the page that asks; where that refuses, the order is sent all the same and must be refused like it."""
    asked = visitor.open(f"/nodes/gz-db1/commands/new?verb={verb}&service={service}")
    typed = {"verb": verb, "service": service, "reason": "it hangs", "lifetime": "now", **fields}
    answer = visitor.send("/nodes/gz-db1/commands", **{"instance": "any", **hidden(asked.text), **typed})
    assert asked.status_code == (403 if answer.status_code == 403 else 200)
    return answer


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'name="(verb|service|instance|once)" value="([^"]*)"', page))


def test_what_was_ordered_and_what_healed_has_a_heading_also_while_nothing_did(
    people: People, wire: Wire
) -> None:
    shown = people["ada"].open("/nodes/gz-db1").text
    headings = re.findall(r"<h2>([^<]*)</h2><div class=\"ops-empty\"", re.sub(r">\s+<", "><", shown))
    assert headings == ["Commands", "Healed itself in the last 24 hours"]


def test_a_service_is_restarted_in_three_clicks_with_a_reason(people: People, wire: Wire) -> None:
    ada = people["ada"]
    node = ada.open("/nodes/gz-db1")
    button = re.search(r'href="(/nodes/gz-db1/commands/new\?verb=service.restart[^"]*)"', node.text)
    assert button
    assert "Restart web on gz-db1?" in ada.open(button[1].replace("&amp;", "&")).text
    answer = order(ada, "service.restart", "web")
    assert "requested" in answer.text and "it hangs" in answer.text
    [envelope] = wire.poll().commands
    sent = msgspec.json.decode(envelope.payload)
    assert (sent["instance"], sent["args"]["service"], sent["requested_by"]) == ("i-1", "web", "Ada (ada)")


def test_the_result_stands_on_the_page_and_both_audits_agree(people: People, wire: Wire) -> None:
    ada = people["ada"]
    answer = order(ada, "configuration.reload")
    wire.obey()
    shown = ada.open(str(answer.url)).text
    assert 'data-status="done"' in shown
    assert "Accepted by the node" in shown
    assert wire.report(hello=True).audit_after is None
    audit = ada.open("/audit")
    assert "ordered: Reload configuration on gz-db1" in audit.text
    assert "carried out: Reload configuration" in audit.text
    assert "chain broken" not in audit.text
    assert 'data-status="ok"' in audit.text


def test_an_ended_command_is_ordered_again_as_a_new_one(people: People, wire: Wire) -> None:
    ada = people["ada"]
    first = order(ada, "log.tail", "web", reason="it hangs", lines="7")
    assert "Order it again" not in first.text
    wire.obey()
    path = first.url.path
    link = re.search(r'href="(/nodes/gz-db1/commands/new\?again=[^"]*)"', ada.open(path).text)
    assert link
    asked = ada.open(link[1]).text
    assert 'value="7"' in asked and "it hangs" in asked
    answer = ada.send(
        "/nodes/gz-db1/commands", **hidden(asked), reason="still hangs", lifetime="now", lines="7"
    )
    assert answer.url.path != path and "still hangs" in answer.text


def test_a_reason_is_needed_and_what_was_typed_is_kept(people: People, wire: Wire) -> None:
    answer = order(people["ada"], "log.tail", "web", reason="", lines="7")
    assert answer.status_code == 422
    assert "<title>Error:" in answer.text and 'value="7"' in answer.text


def test_rights_reach_by_verb_place_and_service(people: People, wire: Wire) -> None:
    assert order(people["tom"], "service.restart", "web").status_code == 200
    assert order(people["tom"], "service.stop", "web").status_code == 403
    assert order(people["eve"], "service.restart", "web").status_code == 403
    assert people["nobody"].open("/commands").url.path == "/sign-in"
    assert "Stop" not in people["tom"].open("/nodes/gz-db1/commands").text.split("<main")[1]


def test_who_may_order_everything_grants_and_withdraws_by_page(people: People, wire: Wire) -> None:
    ada, eve = people["ada"], people["eve"]
    right = {"username": "eve", "verb": "log.tail", "place": "SH", "service": "*"}
    assert "Grant right" not in eve.open("/commands/rights").text
    assert eve.send("/commands/rights", password=PASSWORD, **right).status_code == 403
    ada.open("/commands/rights")
    assert ada.send("/commands/rights", password="guessed", **right).status_code == 422
    ada.open("/commands/rights")
    page = ada.send("/commands/rights", password=PASSWORD, **right).text
    assert order(eve, "log.tail", "web").status_code == 200
    line = re.search(r"<b>eve</b>.*?/commands/rights/([0-9a-f-]+)/withdraw", page, re.S)
    assert line
    ada.send(f"/commands/rights/{line[1]}/withdraw")
    assert order(eve, "log.tail", "web").status_code == 403
    audit = ada.open("/audit").text
    assert "granted eve a right to order" in audit and "withdrew a right to order from eve" in audit


def test_what_the_node_does_not_allow_is_not_offered_and_refused_by_the_node(
    people: People, wire: Wire
) -> None:
    offered = people["ada"].open("/nodes/gz-db1/commands").text
    assert "Restart" in offered and "Pause job queue" not in offered
    answer = order(people["ada"], "queue.pause", "web", queue="default")
    wire.obey()
    assert 'data-status="refused"' in people["ada"].open(str(answer.url)).text


def test_a_reboot_needs_two_persons_who_prove_themselves(people: People, wire: Wire) -> None:
    ada, grace = people["ada"], people["grace"]
    assert order(ada, "node.reboot", password="wrong").status_code == 422
    answer = order(ada, "node.reboot", password=PASSWORD)
    path = answer.url.path
    assert 'data-status="command_approval"' in answer.text
    assert wire.poll().commands == [] or all("node.reboot" not in one.payload for one in wire.poll().commands)
    assert ada.send(f"{path}/approve", password=PASSWORD).status_code == 403
    assert people["tom"].send(f"{path}/approve", password=PASSWORD).status_code == 403
    grace.open(path)
    assert grace.send(f"{path}/approve", password="wrong").status_code == 422
    assert grace.send(f"{path}/approve", password=PASSWORD).status_code == 200
    [envelope] = [one for one in wire.poll().commands if "node.reboot" in one.payload]
    assert msgspec.json.decode(envelope.payload)["approved_by"] == "Grace (grace)"
    assert grace.send(f"{path}/approve", password=PASSWORD).status_code == 409


def test_who_may_not_order_it_is_told_before_typing_a_reason(people: People, wire: Wire) -> None:
    wire.obey()
    ask = "/nodes/gz-db1/commands/new?verb=configuration.reload"
    assert people["ada"].open(ask).status_code == 200
    refused = people["eve"].open(ask)
    assert refused.status_code == 403
    assert "may not order &#39;Reload configuration&#39; here" in refused.text


def test_a_command_can_be_taken_back_until_the_node_has_it(people: People, wire: Wire) -> None:
    wire.obey()
    ada = people["ada"]
    first = order(ada, "configuration.reload", lifetime="until")
    assert 'data-status="cancelled"' in ada.send(f"{first.url.path}/cancel").text
    again = ada.send(f"{first.url.path}/cancel")
    assert again.status_code == 409 and "This command is over; there is nothing to take back." in again.text
    second = order(ada, "configuration.reload", lifetime="until")
    wire.obey()
    assert ada.send(f"{second.url.path}/cancel").status_code == 409
    assert wire.node.effects[first.url.path.rsplit("/", 1)[1]] == 0
    assert wire.node.effects[second.url.path.rsplit("/", 1)[1]] == 1


def test_waiting_commands_stand_first_in_the_list_with_their_end(people: People, wire: Wire) -> None:
    order(people["ada"], "configuration.reload")
    wire.obey()
    order(people["ada"], "configuration.reload", lifetime="until")
    page = people["ada"].open("/commands")
    before_ended = page.text[: page.text.index("<caption>Ended</caption>")]
    assert 'data-status="command_requested"' in before_ended
    assert 'data-status="done"' in page.text[len(before_ended) :]
    assert "Waiting or unknown" in before_ended and "Who may order what" in page.text


INVITATION = f"tla1.{'s' * 43}.{'k' * 43}"


def test_an_invitation_is_ordered_by_two_shown_to_one_and_kept_by_no_audit(
    center: CenterSite, people: People, wire: Wire
) -> None:
    wire.obey()
    wire.node.node_file.commands.actions["standby_invite"] = ["echo", INVITATION]
    wire.report(hello=True)
    ada, grace = people["ada"], people["grace"]
    assert "verb=standby.invite" in ada.open("/nodes/gz-db1/commands").text
    answer = order(ada, "standby.invite", password=PASSWORD)
    url = str(answer.url)
    assert "Approve as second person" not in ada.open(url).text
    grace.open(url)
    grace.send(f"{url}/approve", password=PASSWORD)
    wire.obey()
    assert INVITATION in ada.open(url).text
    assert INVITATION not in grace.open(url).text
    standby = wire.node.hello()
    center.app.state.fleet.get("gz-db1").hello = msgspec.structs.replace(standby, standby_of="gz-db1")
    link = re.search(r'href="(/nodes/gz-db1/commands/new\?verb=standby.pair[^"]+)"', ada.open(url).text)
    assert link is not None
    pair = link[1].replace("&amp;", "&")
    assert f'value="{INVITATION}"' in ada.open(pair).text
    assert INVITATION not in grace.open(pair).text
    order(ada, "standby.pair", invitation=INVITATION)
    wire.obey()
    assert INVITATION not in ada.open("/audit").text

    async def entries() -> list[AuditEntry]:
        return await AuditEntry.all()

    kept = in_app(center.app, entries)
    assert any(row.facts.get("verb") == "standby.pair" for row in kept)
    assert all(INVITATION not in str(row.facts) for row in kept)


def test_an_agent_that_does_not_say_that_it_checks_trees_has_its_command_signed_alone(
    center: CenterSite, wire: Wire
) -> None:
    names = ["gz-db1", *(f"tree-{one}" for one in range(4))]

    async def order_everywhere() -> None:
        for name in names[1:]:
            await enrol(name, "branch", NodeKey.generate().public_text, fleet=center.app.state.fleet)
        ada = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])
        await center.app.state.commands.order(
            ada, Order("configuration.reload", "a test", lifetime="until"), names
        )

    wire.obey()
    in_app(center.app, order_everywhere)
    [told], [plain] = wire.poll("tree").commands, wire.poll().commands
    assert "." in told.signature and "." not in plain.signature
    assert told.payload == plain.payload
    policy = NodePolicy(
        "gz-db1", {plain.key_id: center.app.state.commands.keys.command.public_text}, frozenset()
    )
    assert read_genuine(plain, policy) == read_genuine(told, policy)
    wire.obey()
    assert not wire.poll().commands


def test_a_poll_is_good_once(people: People, wire: Wire) -> None:
    path = "/agent/v1/commands?after=0&wait=0"
    headers = wire.node.signer.headers("GET", path)
    assert wire.client.get(path, headers=headers).status_code == 200
    assert wire.client.get(path, headers=headers).status_code == 409


def test_how_long_a_poll_waited_is_not_taken_for_the_speed_of_the_site(people: People, wire: Wire) -> None:
    wire.poll()
    wire.report()
    told = wire.client.get("/metrics").text
    seconds = [line for line in told.splitlines() if line.startswith("trunkline_http_request_seconds_count")]
    assert any('route="/agent/v1/report"' in line for line in seconds)
    assert not any('route="/agent/v1/commands"' in line for line in seconds)
    assert 'trunkline_http_requests_total{method="GET",route="/agent/v1/commands"' in told
