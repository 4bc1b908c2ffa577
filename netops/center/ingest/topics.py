"""What open pages listen to."""

FLEET = "fleet"
INCIDENTS = "incidents"
LINES = "lines"


def of_node(name: str) -> str:
    """The topic of one node."""
    return f"node {name}"
