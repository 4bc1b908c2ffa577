"""What healed itself: every recovery with its times, crash loops on top."""
