"""What of a service's own metrics goes to the center."""

from netops.agent.site_metrics import SiteMetrics, values_of

PAGE = """# HELP trunkline_jobs_waiting Jobs in the queue.
# TYPE trunkline_jobs_waiting gauge
trunkline_jobs_waiting{queue="default",site="SH"} 3.0
trunkline_jobs_waiting{queue="long",site="SH"} 2.0
trunkline_replication_lag_seconds{peer="HQ",site="SH"} 1.5
trunkline_replication_lag_seconds{peer="SB",site="SH"} NaN
trunkline_http_requests_total{site="SH"} 9.0
trunkline_jobs_waiting{queue="broken"} many
"""


def test_queues_are_added_up_and_the_largest_lag_counts():
    assert values_of(PAGE) == {"jobs_waiting": 5.0, "replication_lag_seconds": 1.5}
    assert values_of("") == {}


def test_a_service_that_said_nothing_has_no_values():
    assert SiteMetrics().latest("web") == {}
