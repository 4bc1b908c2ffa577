"""Plans and follow-ups as a calendar that a phone or mail program subscribes to."""
