"""When something is worth a warning, and the sentence that says so. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hq.figures.shape import Line, Watermark

BEHIND_BP = 1_500
"""So far behind the part of the year that has passed may a year plan be, in basis points."""
COMPLAINTS_FEWEST = 4
PLANS_BY_HOUR = 10
"""From this hour of a branch's own day on, a missing plan is worth a warning."""


@dataclass(frozen=True)
class Found:
    """A matter that holds now. `severity` 1 is the gravest; `values` are plain, for the sentence."""

    key: str
    kind: str
    branch: str
    severity: int
    values: Mapping[str, Any]
    url: str


def of_freshness(mark: Watermark) -> Found | None:
    """A branch that cannot be heard of, or whose figures do not add up."""
    values = {"name": mark.name, "contact_at": mark.contact_at.isoformat() if mark.contact_at else ""}
    if mark.state in ("unreachable", "unproven"):
        severity = 1 if mark.state == "unproven" else 2
        return Found(
            f"{mark.state}:{mark.branch}",
            mark.state,
            mark.branch,
            severity,
            values,
            f"/branches/{mark.branch}",
        )
    return None


def of_line(line: Line, time_passed_bp: int, overdue_limit_bp: int) -> list[Found]:
    """What the figures of one branch say: far behind the year plan, too much overdue, a loss."""
    found = []
    values: dict[str, Any] = {"name": line.name, "currency": line.currency}
    completion = line.number("year_completion")
    if completion is not None and completion < time_passed_bp - BEHIND_BP:
        known = {**values, "completion": completion, "passed": time_passed_bp}
        url = f"/targets?unit={line.unit}#why-part"
        found.append(Found(f"behind:{line.branch}", "behind", line.branch, 2, known, url))
    share = line.number("overdue_share")
    if share is not None and share > overdue_limit_bp:
        known = {**values, "share": share, "limit": overdue_limit_bp}
        found.append(
            Found(
                f"overdue:{line.branch}", "overdue", line.branch, 2, known, f"/receivables?unit={line.unit}"
            )
        )
    profit = line.number("profit")
    if profit is not None and profit < 0 and not line.is_left_out:
        found.append(Found(f"loss:{line.branch}", "loss", line.branch, 2, {**values, "amount": profit}, f"/profit?unit={line.unit}"))  # fmt: skip
    return found


def of_complaints(branch: str, name: str, now: int, before: int) -> Found | None:
    """Complaints that have doubled against the week before."""
    if now < COMPLAINTS_FEWEST or now < 2 * before:
        return None
    values = {"name": name, "now": now, "before": before}
    return Found(f"complaints:{branch}", "complaints", branch, 2, values, f"/branches/{branch}")


def of_limit(branch: str, name: str, customers: int) -> Found | None:
    """Customers who owe more than their sales limit, or are on hold."""
    if customers < 1:
        return None
    url = f"/receivables/debtors?list=limit&within={branch}"
    return Found(f"limit:{branch}", "limit", branch, 2, {"name": name, "n": customers}, url)


def of_plans(branch: str, name: str, local: datetime, plans: int, staff: int) -> Found | None:
    """People without a plan for today, once the morning of a working day is over at the branch."""
    missing = staff - plans
    if missing < 1 or local.isoweekday() > 5 or local.hour < PLANS_BY_HOUR:
        return None
    values = {"name": name, "n": missing, "staff": staff}
    return Found(f"plans:{branch}:{local.date()}", "plans", branch, 3, values, f"/staff?unit=branch:{branch}")


def of_red_lines(branch: str, name: str, lines: int, day: str) -> Found:
    """Lines of a day's close that headquarters' rows do not equal; `day` is the first of them."""
    values = {"name": name, "n": lines, "day": day}
    return Found(f"day_close:{branch}", "day_close", branch, 1, values, f"/day-close/{branch}?day={day}")


def of_directive(directive_id: str, title: str, open_count: int, total: int) -> Found:
    """A directive past its deadline that somebody has not acknowledged."""
    values = {"title": title, "open": open_count, "total": total}
    return Found(f"directive:{directive_id}", "directive", "", 3, values, f"/directives/{directive_id}")


def changes(found: Sequence[Found], open_keys: Sequence[str]) -> tuple[list[Found], list[str]]:
    """(new matters, keys of open ones that are over)."""
    now, known = {one.key for one in found}, set(open_keys)
    return [one for one in found if one.key not in known], [key for key in open_keys if key not in now]
