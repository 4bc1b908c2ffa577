"""A service that dies for ever: how often it is started, by the clock for two minutes and by the rules for ten."""

from __future__ import annotations

import time
from pathlib import Path

from netops.agent.rules import History, RestartPolicy, after_exit, after_start
from tests.bench.table import print_table
from tests.support.agent import RunningAgent, dummy, service

_SECONDS = 45


def run(folder: Path) -> None:
    """Real processes that live 0.2 s, 1.5 s and 8 s, side by side under one agent with the default policy."""
    lives = (0.2, 1.5, 8.0)
    services = "".join(service(f"dies-{life}", dummy(life=life, exit=1)) for life in lives)
    with RunningAgent(folder, services) as agent:
        time.sleep(_SECONDS)
        incidents = agent.ask("incidents")
        rows = []
        for life in lives:
            found = agent.service(f"dies-{life}")
            mine = [incident for incident in incidents if incident["service"] == found["name"]]
            starts = str(found["starts_in_window"])
            rows.append(
                [f"{life} s", starts, found["state"], str(len(mine)), str(_starts_in_ten_minutes(life))]
            )
    print_table(
        f"crash loop, default policy (goal: <= 6 starts in 10 minutes, one incident); measured over {_SECONDS} s",
        ["lives", f"starts in {_SECONDS} s", "state then", "incidents", "starts in 10 min by the rules"],
        rows,
    )


def _starts_in_ten_minutes(life: float) -> int:
    """The most starts in any ten minutes of four hours, by the same rules the agent runs."""
    policy, history, at, starts = RestartPolicy(), History(), 0.0, []
    while at < 4 * 3600:
        starts.append(at)
        history = after_start(policy, history, at)
        at += life
        history, decision = after_exit(policy, history, at=at, good_for=life, chance=0.0)
        at += decision.delay_seconds
    return max(sum(1 for other in starts if start <= other < start + 600) for start in starts)
