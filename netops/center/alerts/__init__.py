"""Alert rules: when a value is too much, for how long, and what of it people are told."""
