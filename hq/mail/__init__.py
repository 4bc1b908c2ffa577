"""The outbox of headquarters."""
