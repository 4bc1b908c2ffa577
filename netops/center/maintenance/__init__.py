"""Maintenance windows: planned time in which alerts stay quiet and the agents know it."""
