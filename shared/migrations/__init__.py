"""Migrations of the replicated tables (shared/records)."""
