"""Metrics: declared once, named by rule, documented."""

import pytest

from shared import metrics


def test_names_follow_the_rules():
    for row in metrics.documented():
        assert row.name.startswith("trunkline_")
        assert row.doc.endswith(".")
        assert (row.kind == "counter") == row.name.endswith("_total")


def test_what_breaks_a_rule_is_refused():
    for declare, name, doc in [
        (metrics.counter, "trunkline_http_requests", "Requests."),
        (metrics.gauge, "trunkline_open_total", "Open."),
        (metrics.gauge, "other_open", "Open."),
        (metrics.gauge, "trunkline_Open", "Open."),
        (metrics.gauge, "trunkline_open", "Open"),
        (metrics.gauge, "trunkline_db_bytes", "Declared already."),
    ]:
        with pytest.raises(ValueError):
            declare(name, doc)
    with pytest.raises(ValueError, match="unit"):
        metrics.histogram("trunkline_time", "Time.", buckets=(1.0,))


def test_every_documented_metric_is_exposed_under_its_name():
    text = metrics.exposition().decode()
    exposed = {line.split()[2] for line in text.splitlines() if line.startswith("# TYPE")}
    assert exposed == {row.name for row in metrics.documented() if not row.is_private}


def test_a_counted_request_shows_up():
    metrics.HTTP_REQUESTS.labels("unit-test", "/orders", "GET", "200").inc()
    line = 'trunkline_http_requests_total{method="GET",route="/orders",site="unit-test",status="200"} 1.0'
    assert line in metrics.exposition().decode()


def test_the_list_for_readers_has_a_row_for_each():
    text = metrics.documented_markdown()
    assert text.count("\n") == len(metrics.documented()) + 2
    assert "| `trunkline_jobs_total` | counter | `site`, `job`, `outcome` |" in text
