"""The long poll at the center: what leaves when, and with which status."""

import asyncio

from netops.center.commands.actions import Order, Orderer
from netops.center.commands.rules import Right
from shared.nodes.report import COMMANDS_PATH, decode_outbox
from tests.support.center_site import Agent, running_center, settings_of

ADA = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])


class Poll:
    """One poll of an agent; what was answered so far."""

    def __init__(self, agent, query):
        self.sent = []
        path = f"{COMMANDS_PATH}?{query}"
        headers = agent.signer.headers("GET", path)
        self._app = agent.app
        self._scope = {
            "type": "http", "http_version": "1.1", "method": "GET", "scheme": "http", "path": COMMANDS_PATH,
            "raw_path": COMMANDS_PATH.encode(), "query_string": query.encode(), "root_path": "", "client": ("::1", 1),
            "server": ("center.test", 80),
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }  # fmt: skip

    async def run(self):
        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            self.sent.append(message)

        await self._app(self._scope, receive, send)
        return self

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def test_the_head_of_an_answer_leaves_when_its_wait_begins_and_the_command_follows(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        poll = Poll(await Agent.enrolled(app, "SH"), "after=0&wait=40&forms=tree")
        waiting = asyncio.create_task(poll.run())
        async with asyncio.timeout(20):
            while not poll.sent:  # noqa: ASYNC110 - the recorder of a server has no event
                await asyncio.sleep(0.01)
        assert [message["type"] for message in poll.sent] == ["http.response.start"]
        with app.state.use_database():
            order = Order("configuration.reload", "a test", lifetime="until")
            [row] = await app.state.commands.order(ADA, order, ["SH"])
        await waiting
        assert poll.status == 200
        assert [one.payload for one in decode_outbox(poll.body).commands] == [row.payload]


async def test_a_poll_that_proves_nothing_has_its_own_status_and_none_waits_for_it(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        stranger = Agent(app, "SH")
        poll = await Poll(stranger, "after=0&wait=40").run()
        assert poll.status == 401 and not app.state.commands.outbox.is_waiting("SH")
        known = await Agent.enrolled(app, "PAR")
        for query in ("after=x&wait=0", "after=0&wait=x"):
            assert (await Poll(known, query).run()).status == 400
        quiet = await Poll(known, "after=0&wait=0").run()
        assert quiet.status == 200 and not decode_outbox(quiet.body).commands
        assert not app.state.commands.outbox.is_waiting("PAR")
