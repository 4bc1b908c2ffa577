"""Migrations of the tables of shared.web."""
