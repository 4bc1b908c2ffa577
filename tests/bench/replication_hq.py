"""The receiving process of the replication bench: headquarters' three sync routes and its applier, no pages."""

import asyncio
import os

import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from hq.figures import rollup
from hq.models import HQ_APP
from hq.replication import receiver
from hq.replication.desk import Here
from hq.replication.engine import applier_for
from hq.replication.models import BranchNode
from shared.database.context import connect
from shared.database.migrate import migrate
from shared.nodes.identity import NodeKey
from shared.records import COMPANY, RECORDS_APP
from shared.replication import capture
from shared.replication.messages import BATCH_PATH, HELLO_PATH
from shared.web.models import WEB_APP

APPS = [RECORDS_APP, WEB_APP, HQ_APP]


async def serve() -> None:
    """Migrate, enrol the bench's branch by its key file, listen."""
    url = os.environ["BENCH_HQ_DATABASE"]
    await migrate(url, APPS)
    database = await connect(url, APPS, globally=True)
    with database.use():
        await capture.install(COMPANY)
        await rollup.install()
        key = NodeKey.load_or_create(os.environ["BENCH_KEY"])
        await BranchNode.update_or_create(branch="SH", defaults={"public_key": key.public_text})
    applier = applier_for(database)
    await applier.start()
    app = Starlette(
        routes=[
            Route(HELLO_PATH, receiver.hello, methods=["POST"]),
            Route(BATCH_PATH, receiver.batch, methods=["POST"]),
        ]
    )
    app.state.receiver = receiver.Receiver(Here(applier))
    config = uvicorn.Config(app, host="127.0.0.1", port=int(os.environ["BENCH_PORT"]), log_level="warning")
    await uvicorn.Server(config).serve()


if __name__ == "__main__":
    asyncio.run(serve())
