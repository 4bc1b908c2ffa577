"""Prometheus beside the center: targets and pages per node out, alerts of Alertmanager in and incidents out to it."""
