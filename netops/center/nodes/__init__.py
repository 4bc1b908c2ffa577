"""Nodes: how each one is, from what it reported and when; the fleet page and the page of a node."""
