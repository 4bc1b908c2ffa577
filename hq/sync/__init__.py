"""/sync: replication of every branch, up and down, and what can be done about it."""
