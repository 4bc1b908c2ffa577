"""The clock of a branch, of headquarters or of both jumps by up to a year, ahead and back, while a sender lives on and between restarts:
nothing is refused for it, nothing is lost or there twice, and once the clocks are right again the branch reads as current."""

import datetime
from pathlib import Path

import httpx
import pytest

from hq.figures.freshness import directory
from hq.figures.shape import Question
from shared import clock
from shared.database import fetch_value
from tests.support.databases import BRANCH, ENGINES, Templates
from tests.support.replication_model import JumpingClock, Model

DAY, YEAR = datetime.timedelta(days=1), datetime.timedelta(days=365)
MINUTE, RIGHT = datetime.timedelta(minutes=1), datetime.timedelta()
JUMPS = (YEAR, -YEAR, -MINUTE, DAY, RIGHT)


class AnotherMachine(httpx.AsyncBaseTransport):
    """Headquarters with a clock of its own."""

    def __init__(self, company: Model) -> None:
        self.company, self.clock = company, JumpingClock()

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        with clock.use(self.clock):
            return await self.company.transport.handle_async_request(request)


@pytest.mark.parametrize("whose", ["branch", "headquarters", "both"])
@pytest.mark.parametrize("engine", ENGINES)
async def test_a_clock_that_jumps_stops_and_loses_nothing(
    templates: Templates, tmp_path: Path, engine: str, whose: str
) -> None:
    async with Model(templates, tmp_path, seed=7, engine=engine) as company:
        hq = AnotherMachine(company)
        company.line.target = lambda: hq  # type: ignore[assignment, return-value]
        for number, jump in enumerate(JUMPS):
            run = f"run {number}"
            await company.write()
            assert await company.sync_as(run) == "", "started after the last jump"
            if whose != "headquarters":
                company.clock.ahead = jump
            if whose != "branch":
                hq.clock.ahead = jump
            await company.write(2)
            assert await company.sync_as(run) == "", "alive when the clock jumped"
            company.line.plan(["lose_answer", "duplicate"])
            await company.write()
            await company.sync_as(run)
            await company.settle()
        with company.hq.use():
            assert await fetch_value("SELECT COUNT(*) FROM sync_incident") == 0
            (branch,) = (await directory(Question())).branches
            assert (branch.code, branch.mark.state) == (BRANCH, "current")
