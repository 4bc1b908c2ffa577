"""Nodes: what they report, how they are, what healed itself."""
