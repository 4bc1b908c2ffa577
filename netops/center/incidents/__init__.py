"""Incidents: one trouble each, with a timeline of what was seen, decided, done and told."""
