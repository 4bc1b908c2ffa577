"""Migrations of the branch's own tables (branch_node/models.py)."""
