"""A service that burns CPU is throttled by the file its site reads, not restarted; a person drains it and lets it go."""

import urllib.request

from shared.load_state import read_load, set_fence
from tests.support.agent import RunningAgent, dummy, service, until
from tests.support.ports import free_port

WATCH = (
    'watches = [{ metric = "cpu_ratio", above = 0.2, clear = 0.1, for_seconds = 0.6, clear_seconds = 0.5 }]\n'
    'load_file = "load.json"\nrestart = { good_seconds = 0.1 }\n'
)


def test_overload_is_met_with_less_work_and_the_service_lives_on(tmp_path):
    port = free_port()
    text = service("web", dummy(port=port), port, WATCH).replace(
        "[[services.probes]]\n", "[[services.probes]]\nrestarts = false\n"
    )
    with RunningAgent(tmp_path, text, "sample_seconds = 0.2\n") as agent:
        first = agent.until_state("web", "running")
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz") as answer:
            assert answer.status == 200
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/spin", timeout=0.05).close()
        except OSError:
            pass
        path = tmp_path / "load.json"
        seen = until(lambda: (state := read_load(path)).rung == "throttle" and state)
        assert seen.until is not None
        assert agent.service("web")["instance"] == first["instance"]


def test_the_fence_that_a_site_found_around_itself_is_told_with_its_state(tmp_path):
    with RunningAgent(
        tmp_path, service("web", dummy(port=free_port()), more='load_file = "load.json"')
    ) as agent:
        agent.until_state("web", "running")
        assert "is_fenced" not in agent.service("web")
        set_fence(tmp_path, True)
        assert agent.service("web")["is_fenced"] is True
