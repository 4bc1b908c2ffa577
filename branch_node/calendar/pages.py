"""What the template of the calendar receives."""

from dataclasses import dataclass

from branch_node.calendar.models import CalendarFeed


@dataclass(frozen=True)
class CalendarPage:
    """calendar/show.html: the present address (without its secret), or a new one, shown once."""

    feed: CalendarFeed | None
    address: str = ""
