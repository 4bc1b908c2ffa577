"""/sync: has headquarters got it, and what has come from there."""
