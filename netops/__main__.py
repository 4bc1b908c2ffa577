"""`python -m netops agent|demo|center`. Each part is imported only when asked for: the agent carries no web framework."""

from __future__ import annotations

import argparse
import importlib.util
import sys
from collections.abc import Sequence

from shared.lean import without


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one sub-command and returns the exit code: 0 done, 1 it failed or nobody answered, 2 wrong use."""
    words = list(sys.argv[1:] if argv is None else argv)
    if words[:1] == ["center"]:
        return _center(words[1:])
    parser = argparse.ArgumentParser(
        prog="netops",
        description="Keeps nodes alive: agent on every node, center at headquarters, demo on one machine.",
    )
    parts = parser.add_subparsers(metavar="agent|demo|center", required=True)
    agent = parts.add_parser("agent", help="supervise this node's services, or ask a running agent")
    demo = parts.add_parser("demo", help="run a whole company on this machine")
    parts.add_parser("center", help="run the network-management center", add_help=False)
    if words[:1] == ["demo"]:
        from netops.demo.cli import add_arguments as add_demo_arguments

        add_demo_arguments(demo)
    else:
        with without("typing_extensions"):  # msgspec finds in Python itself what it takes from there
            from netops.agent.cli import add_arguments as add_agent_arguments

        add_agent_arguments(agent)
    arguments = parser.parse_args(words)
    return int(arguments.run(arguments))


def _center(words: list[str]) -> int:
    if importlib.util.find_spec("netops.center") is None:
        print("netops center is not part of this installation", file=sys.stderr)
        return 2
    from netops.center.__main__ import main as center_main

    return int(center_main(words))


if __name__ == "__main__":
    sys.exit(main())
