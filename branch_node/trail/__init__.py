"""The audit trail of the branch: who did what when, over all records, and the proof that nobody changed it afterwards."""
