"""A metric that is declared for all sites, and so documented, drawn and alerted on, is set by some code."""

import re

from prometheus_client.metrics import MetricWrapperBase

from shared import metrics
from tests.support.reference import ROOT

PACKAGES = ("shared", "hq", "branch_node", "netops")


def test_every_declared_metric_is_set_somewhere() -> None:
    declared = {name for name, value in vars(metrics).items() if isinstance(value, MetricWrapperBase)}
    assert len(declared) > 10
    texts = [
        path.read_text()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*.py")
        if path.name != "metrics.py"
    ]
    used = {
        name for text in texts for name in re.findall(r"\b([A-Z][A-Z_]+)\.(?:labels|set|inc|observe)\(", text)
    }
    assert declared - used == set()
