"""Rules in words: each one is a sentence, in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from netops.center.models import AlertRule
from shared.i18n import N_
from shared.i18n import gettext as _
from shared.web.filters import duration, file_size, percent

LAG_OF_ANY = "service.*.replication_lag_seconds"
METRICS: Mapping[str, str] = {
    "cpu_ratio": N_("CPU"),
    "memory_used_ratio": N_("Memory"),
    "disk_used_ratio": N_("Disk"),
    "disk_files_used_ratio": N_("Files on the disk"),
    "io_pressure_ratio": N_("Waiting for the disk"),
    "agent_lag_seconds": N_("Delay of the agent"),
    LAG_OF_ANY: N_("Oldest change that has not reached headquarters"),
}
"""What the metrics of the first rules are called; others go by their own name."""


def value_text(metric: str, value: float | None) -> str:
    """A value in its metric's unit."""
    if value is None:
        return "—"
    if metric.endswith("_ratio") and not metric.startswith("service."):
        return percent(round(value * 10_000))
    if metric.endswith(("_bytes", "_bytes_per_second")):
        return file_size(round(value)) + ("/s" if metric.endswith("second") else "")
    if metric.endswith("_seconds"):
        return duration(value)
    return f"{value:.4g}"


def sentence_of(rule: AlertRule) -> str:
    """'CPU, mean of 5 min, at 90% or more for 3 min; clears below 75% for 5 min.'"""
    values = {
        "metric": _(METRICS[rule.metric]) if rule.metric in METRICS else rule.metric,
        "window": duration(rule.window_seconds),
        "keep": duration(rule.keep_seconds),
        "held": duration(rule.for_seconds) if rule.for_seconds else _("a moment"),
    }
    if rule.kind == "deviation":
        return _(
            "%(metric)s, mean of %(window)s, %(fire)s deviations above the mean of the last day and at least %(least)s"
            " more, for %(held)s; clears below %(clear)s deviations for %(keep)s.",
            fire=f"{rule.fire_at:g}",
            clear=f"{rule.clear_at:g}",
            least=value_text(rule.metric, rule.least_change),
            **values,
        )
    values |= {
        "fire": value_text(rule.metric, rule.fire_at),
        "clear": value_text(rule.metric, rule.clear_at),
    }
    if rule.kind == "below":
        return _(
            "%(metric)s, mean of %(window)s, at %(fire)s or less for %(held)s; clears above %(clear)s for %(keep)s.",
            **values,
        )
    return _(
        "%(metric)s, mean of %(window)s, at %(fire)s or more for %(held)s; clears below %(clear)s for %(keep)s.",
        **values,
    )
