"""Who may write for a branch: primary, standby and witness, and what speaks for a promotion."""
