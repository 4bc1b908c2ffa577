"""/quarantine: changes of branches that headquarters could not take over, and what can be done about each."""
