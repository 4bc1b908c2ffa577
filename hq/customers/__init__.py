"""Newest, signed and followed customers of all branches; one customer read-only."""
