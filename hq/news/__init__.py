"""Industry news: entered or selected at headquarters, and what the branches noted about trade and competitors."""
