"""The way of a report: proved, queued, committed with others, then known to the state table and acknowledged."""
