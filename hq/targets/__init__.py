"""Year targets and how far they are met: entered and revised at headquarters, compared with what happened."""
