"""What nodes and headquarters say to each other besides data: identity, reports, commands. Wire shapes and pure rules only."""
