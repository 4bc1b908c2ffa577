"""Under load heavy work is refused with 503 and Retry-After; pages go on; draining shows in /readyz."""

from starlette.requests import Request
from starlette.responses import Response

from shared.clock import now
from shared.load_state import FILE_NAME, HOLDS_FOR, LoadState, write_load
from shared.web.responses import json_answer
from shared.web.routing import Route
from tests.support.web_site import tea_app, visitor_of


async def heavy(_request: Request) -> Response:
    return json_answer({"rows": 1})


def test_heavy_work_waits_while_the_agent_throttles(tmp_path):
    app = tea_app(tmp_path, [Route("GET", "/report", heavy, "customer.view", is_heavy=True)])
    with visitor_of(app) as lin:
        lin.sign_in("lin")
        assert lin.open("/report").status_code == 200
        write_load(tmp_path / FILE_NAME, LoadState(rung="throttle", until=now() + HOLDS_FOR))
        app.state.load._looked_at = 0.0
        refused = lin.open("/report")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "30")
        assert "under load" in lin.text()
        assert lin.open("/customers").status_code == 200
        assert lin.open("/readyz").status_code == 200
        write_load(tmp_path / FILE_NAME, LoadState(is_drained=True))
        app.state.load._looked_at = 0.0
        assert lin.open("/readyz").json()["checks"]["load"] == "draining"
        write_load(tmp_path / FILE_NAME, LoadState())
        app.state.load._looked_at = 0.0
        assert lin.open("/report").status_code == 200
