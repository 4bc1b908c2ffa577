"""The audit trail of every record: who changed it, when, what it was before and after."""
