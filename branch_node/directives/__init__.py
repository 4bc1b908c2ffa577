"""Decisions and documents from headquarters: what arrived, who has read, acknowledged and done it."""
