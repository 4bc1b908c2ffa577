"""The audit trail of headquarters: who did what that is not itself a change of a figure."""
