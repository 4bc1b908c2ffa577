"""Plans and follow-ups as an iCalendar text. Pure: what is given is written, nothing is read."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from icalendar import Alarm, Event

MEETING = timedelta(minutes=30)
REMIND_BEFORE = timedelta(minutes=15)
REMIND_AT = time(9, 0)


@dataclass(frozen=True)
class Entry:
    """What stands in a calendar: on a day, or from `at` on it. `stamp` is its last change, `url` leads to it."""

    uid: str
    title: str
    day: date
    at: time | None
    stamp: datetime
    url: str = ""
    place: str = ""
    is_done: bool = False


def time_of(text: str) -> time | None:
    """14:00 as a time; None for an empty or unreadable one."""
    try:
        return time.fromisoformat(text) if text else None
    except ValueError:
        return None


def calendar_text(name: str, entries: Iterable[Entry], zone: ZoneInfo) -> bytes:
    """The calendar: timed entries in UTC with a reminder before, whole days with one in the morning; done ones none."""
    from icalendar import Calendar  # 5 MB with its time zones: read when somebody subscribes

    calendar = Calendar()
    calendar.add("prodid", "-//Trunkline//Branch//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", zone.key)
    for entry in entries:
        calendar.add_component(_event(entry, zone))
    return bytes(calendar.to_ical())


def _event(entry: Entry, zone: ZoneInfo) -> "Event":
    from icalendar import Event

    event = Event()
    event.add("uid", entry.uid)
    event.add("dtstamp", entry.stamp.astimezone(UTC))
    event.add("last-modified", entry.stamp.astimezone(UTC))
    event.add("summary", f"✓ {entry.title}" if entry.is_done else entry.title)
    if entry.at is None:
        event.add("dtstart", entry.day)
        event.add("dtend", entry.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
        reminder = timedelta(hours=REMIND_AT.hour, minutes=REMIND_AT.minute)
    else:
        start = datetime.combine(entry.day, entry.at, zone).astimezone(UTC)
        event.add("dtstart", start)
        event.add("dtend", start + MEETING)
        reminder = -REMIND_BEFORE
    if entry.place:
        event.add("location", entry.place)
    if entry.url:
        event.add("url", entry.url)
    if not entry.is_done:
        event.add_component(_alarm(entry.title, reminder))
    return event


def _alarm(text: str, offset: timedelta) -> "Alarm":
    from icalendar import Alarm

    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", text)
    alarm.add("trigger", offset)
    return alarm
