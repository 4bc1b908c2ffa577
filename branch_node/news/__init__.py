"""Industry news at the branch: what headquarters selected for everybody, and what people here noted of the trade."""
