"""Headquarters: figures of every branch side by side, with their freshness."""
