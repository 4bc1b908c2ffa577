"""`make bench`: every table, one after the other. A bench whose tools are missing says so and the others go on."""

import sys
import time
import traceback
from collections.abc import Callable

from tests.bench import (
    branch_pages,
    branch_work,
    capture,
    decision_views,
    exports,
    imports,
    live,
    live_dashboards,
    proof,
    reconnect,
    replication,
)

BENCHES: tuple[tuple[str, Callable[[list[str]], int]], ...] = (
    ("replication", replication.main),
    ("capture", capture.main),
    ("live", live.main),
    ("reconnect", reconnect.main),
    ("proof", proof.main),
    ("decision views", decision_views.main),
    ("exports", exports.main),
    ("live dashboards", live_dashboards.main),
    ("branch pages", branch_pages.main),
    ("branch work", branch_work.main),
    ("imports", imports.main),
)


def main() -> int:
    """0 when every bench printed its table."""
    failed = []
    for name, run in BENCHES:
        begun = time.perf_counter()
        try:
            run([])
        except Exception:
            traceback.print_exc()
            failed.append(name)
        print(f"({name}: {time.perf_counter() - begun:.0f} s)", flush=True)
    if failed:
        print(f"not measured: {', '.join(failed)}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
