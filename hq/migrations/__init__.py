"""Migrations of the tables of headquarters (hq/models.py, hq/replication/models.py)."""
