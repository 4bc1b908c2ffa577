"""Who did what: every action of an operator, in a chain of hashes."""
