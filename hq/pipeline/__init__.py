"""Opportunities of all branches: what is in which stage, what was won, and why what was lost was lost."""
