"""The daily plan of each employee (My day) and what a manager sees of it (Team)."""
