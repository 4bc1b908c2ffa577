"""Takes back an act just done: every row of its transaction becomes what it was, if nobody changed it since."""
