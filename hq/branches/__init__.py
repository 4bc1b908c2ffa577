"""Every branch with how far its data reaches, and one branch like the overview."""
