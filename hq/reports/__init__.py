"""Packs: chosen views, sent by mail every day, week or month."""
