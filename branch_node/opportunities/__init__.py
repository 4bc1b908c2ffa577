"""Chances to sell: where each stands, what it is worth, and why it was lost."""
