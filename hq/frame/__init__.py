"""What the pages of headquarters share beside shared/web: the choice of days, the line of freshness, definitions."""
