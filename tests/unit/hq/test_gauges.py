"""Business figures at /metrics: only for who knows the token, one series per branch, the overview's own numbers."""

import re
from pathlib import Path

import pytest

from hq.gauges import BUSINESS
from shared import metrics
from tests.support.hq_site import CODES, headquarters, running

NAMES = {
    "trunkline_business_signed_amount", "trunkline_business_received_amount", "trunkline_business_income_amount",
    "trunkline_business_expense_amount", "trunkline_business_remaining_amount", "trunkline_business_overdue_amount",
    "trunkline_business_orders_today", "trunkline_business_freshness_seconds",
}  # fmt: skip
SERIES = re.compile(r'^(trunkline_business_\w+)\{branch="(\w+)"(?:,currency="(\w+)")?\} (\S+)$', re.M)


def test_the_names_stay_what_dashboards_ask_for() -> None:
    assert {found.name for found in BUSINESS.collect()} == NAMES
    assert {row.name for row in metrics.documented()} >= NAMES


@pytest.mark.parametrize("header", ["", "Bearer wrong", "Bearer ", "wrong"])
def test_nobody_reads_them_without_the_token(tmp_path: Path, header: str) -> None:
    for folder, values in ((tmp_path / "a", {}), (tmp_path / "b", {"metrics_token": "a long token"})):
        folder.mkdir()
        with running(headquarters(folder, **values)) as client:
            text = client.get("/metrics", headers={"authorization": header}).text
            assert "trunkline_http_requests_total" in text
            assert "trunkline_business" not in text


def test_they_are_the_numbers_of_the_overview_with_one_series_per_branch(tmp_path: Path) -> None:
    site = headquarters(tmp_path, metrics_token="a long token")
    with running(site) as client:
        text = client.get("/metrics", headers={"authorization": "Bearer a long token"}).text
        found = {(name, branch): float(value) for name, branch, _currency, value in SERIES.findall(text)}
        assert len(found) == len(NAMES) * len(CODES)
        site.visitor(client, "chen")
        figure = client.get("/api/v1/figures/receivables").json()
    for row in figure["rows"]:
        series = found["trunkline_business_remaining_amount", row["branch"]]
        assert series == pytest.approx(float(row["remaining"]))
    assert found["trunkline_business_freshness_seconds", "HRB"] == 262 * 60
