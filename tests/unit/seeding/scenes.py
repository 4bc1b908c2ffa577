"""Scenes for the tests of the seed: a branch, a day, a time of day on its own clock."""

from datetime import date, datetime, time

from branch_node.seeding.demo import build_demo
from branch_node.seeding.scene import Scene
from shared.demo_company import demo_branch
from shared.periods import zone

PLACES = {
    "HQ": ("Asia/Shanghai", "CNY"),
    "SH": ("Asia/Shanghai", "CNY"),
    "GZ": ("Asia/Shanghai", "CNY"),
    "PAR": ("Europe/Paris", "EUR"),
    "NYC": ("America/New_York", "USD"),
    "TYO": ("Asia/Tokyo", "JPY"),
    "KWI": ("Asia/Kuwait", "GBP"),
}
SUNDAY = date(2026, 11, 22)


def scene_of(
    code: str = "SH",
    until: date = SUNDAY,
    clock: str = "14:10",
    *,
    seed: int = 7,
    months: int = 4,
    scale: float = 0.3,
) -> Scene:
    """An empty scene of a small branch."""
    timezone, currency = PLACES[code]
    now = datetime.combine(until, time.fromisoformat(clock), zone(timezone))
    return Scene(demo_branch(code, timezone, currency), seed, months, until, now, scale)


def played(*args: object, **options: object) -> Scene:
    """The same with its business in it, not yet written."""
    scene = scene_of(*args, **options)  # type: ignore[arg-type]
    build_demo(scene)
    return scene
