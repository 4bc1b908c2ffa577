"""Channels: who is told of incidents, through an outbox that loses nothing and sends nothing twice by two senders."""
