"""Links to a view that somebody shared: read-only, bounded by what the sharer may see."""
