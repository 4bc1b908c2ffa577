"""What customers told the branches, read at headquarters."""
