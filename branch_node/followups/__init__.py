"""Follow-ups: contacts with customers, planned and done, and who is due."""
