"""The reference pages that are written from the code: docs/settings.md and docs/metrics.md.

`python -m tests.support.reference` writes them; a test says when they are out of date.
"""

import dataclasses
import importlib
import re
from pathlib import Path
from typing import Any

from shared import metrics
from shared.settings import CommonSettings, describe_markdown

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("shared", "hq", "branch_node", "netops")
_DECLARES = re.compile(r"\bmetrics\.(?:counter|gauge|histogram)\(")


def sources(package: str) -> list[Path]:
    """The Python files of a package in a fixed order; none when the package does not exist."""
    return sorted(path for path in (ROOT / package).rglob("*.py") if "migrations" not in path.parts)


def import_file(path: Path) -> Any:
    """The module in a file of the project."""
    return importlib.import_module(".".join(path.relative_to(ROOT).with_suffix("").parts))


def settings_classes() -> list[type[Any]]:
    """Every settings class a process is started with: those in a settings.py that nobody extends."""
    found = {CommonSettings}
    for package in PACKAGES:
        for path in sources(package):
            if path.name == "settings.py":
                for value in vars(import_file(path)).values():
                    if isinstance(value, type) and issubclass(value, CommonSettings):
                        found.add(value)
    leaves = [one for one in found if not any(other is not one and issubclass(other, one) for other in found)]
    return sorted(leaves, key=lambda one: one.__module__)


def settings_page() -> str:
    """All settings, one table per site."""
    text = "# Settings\n\nEnvironment variables. A site that finds a wrong one says so, all at once, and does not start.\n"
    for cls in settings_classes():
        assert dataclasses.is_dataclass(cls)
        text += f"\n## {cls.__module__.removesuffix('.settings')}\n\n{describe_markdown(cls)}"
    return text


def metrics_page() -> str:
    """All metrics of all sites."""
    for package in PACKAGES:
        for path in sources(package):
            if path.name != "metrics.py" and _DECLARES.search(path.read_text("utf-8")):
                import_file(path)
    return (
        "# Metrics\n\nWhat `/metrics` of a site shows, in Prometheus' text format.\n\n"
        + metrics.documented_markdown()
    )


PAGES = {"docs/settings.md": settings_page, "docs/metrics.md": metrics_page}


def write() -> None:
    for name, page in PAGES.items():
        (ROOT / name).parent.mkdir(exist_ok=True)
        (ROOT / name).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    write()
