"""Tasks: work that a manager gives to somebody, until it is done or withdrawn."""
