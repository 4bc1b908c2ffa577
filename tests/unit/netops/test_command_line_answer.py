"""The long poll at the center: what leaves when, and with which status."""

import asyncio

from netops.center.commands.actions import Order, Orderer
from netops.center.commands.outbox import PUT_AWAY_AT_ONCE, Line, put_away
from netops.center.commands.rules import Right
from shared.nodes.report import COMMANDS_PATH, decode_outbox
from tests.support.center_site import Agent, running_center, settings_of

ADA = Orderer(None, "Ada (ada)", [Right("*", "*", "*")])


ORDER = Order("configuration.reload", "a test", lifetime="until")


class Poll:
    """One poll of an agent; what was answered so far. `fails`: its connection breaks after the head."""

    def __init__(self, agent, query="after=0&wait=40&forms=tree", *, log=None, fails=False):
        self.sent, self._log, self._fails = [], log if log is not None else [], fails
        self._name = agent.name
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
            if self._fails and self.sent:
                raise ConnectionResetError("the wire is cut")
            self.sent.append(message)
            self._log.append(f"{self._name} sent")

        await self._app(self._scope, receive, send)
        self._log.append(f"{self._name} put away")
        return self

    async def begin(self):
        """As far as it waits; the task that goes on."""
        waiting = asyncio.create_task(self.run())
        async with asyncio.timeout(20):
            while not self.sent:  # noqa: ASYNC110 - the recorder of a server has no event
                await asyncio.sleep(0.01)
        return waiting

    @property
    def payloads(self):
        return [one.payload for one in decode_outbox(self.body).commands]

    @property
    def status(self):
        return self.sent[0]["status"]

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.sent[1:])


async def order_at(app, *names):
    with app.state.use_database():
        return await app.state.commands.order(ADA, ORDER, names)


async def test_the_head_of_an_answer_leaves_when_its_wait_begins_and_the_command_follows(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        poll = Poll(await Agent.enrolled(app, "SH"))
        waiting = await poll.begin()
        assert [message["type"] for message in poll.sent] == ["http.response.start"]
        [row] = await order_at(app, "SH")
        await waiting
        assert poll.status == 200 and poll.payloads == [row.payload]


async def test_all_nodes_of_an_order_are_answered_before_the_first_exchange_is_put_away(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        names, log = ["SH", "PAR", "GZ", "BJ"], []
        polls = [Poll(await Agent.enrolled(app, name), log=log) for name in names]
        waiting = [await poll.begin() for poll in polls]
        log.clear()
        rows = await order_at(app, *names)
        await asyncio.gather(*waiting)
        assert log[:4] == [f"{name} sent" for name in names]
        assert [poll.payloads for poll in polls] == [[row.payload] for row in rows]


async def test_a_line_that_breaks_while_it_is_answered_fails_alone(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        broken = Poll(await Agent.enrolled(app, "SH"), fails=True)
        good = Poll(await Agent.enrolled(app, "PAR"))
        waiting = [await broken.begin(), await good.begin()]
        rows = await order_at(app, "SH", "PAR")
        ends = await asyncio.gather(*waiting, return_exceptions=True)
        assert isinstance(ends[0], ConnectionResetError) and good.payloads == [rows[1].payload]
        with app.state.use_database():
            [again] = await app.state.commands.hand_out("SH", 0)
        assert again.payload == rows[0].payload


async def test_what_is_ordered_behind_an_answer_waits_for_the_next_poll(tmp_path):
    async with running_center(settings_of(tmp_path)) as app:
        agent = await Agent.enrolled(app, "SH")
        poll = Poll(agent)
        waiting = await poll.begin()
        with app.state.use_database():
            [one], [other] = [await app.state.commands.order(ADA, ORDER, ["SH"]) for _ in range(2)]
        await waiting
        assert poll.payloads == [one.payload] and one.sent_at and other.sent_at is None
        later = await Poll(agent, "after=1&wait=40&forms=tree").run()
        assert later.payloads == [other.payload]


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


async def test_answered_lines_end_a_few_at_a_time_and_all_of_them():
    lines = [Line() for _ in range(2 * PUT_AWAY_AT_ONCE + 1)]
    ended = [asyncio.create_task(line.wait(20)) for line in lines]
    await asyncio.sleep(0)
    put_away([(line, None) for line in lines])
    await asyncio.sleep(0)
    assert [task.done() for task in ended].count(True) == PUT_AWAY_AT_ONCE
    assert all(await asyncio.gather(*ended))
