"""Sentences about figures: how complete a total is, for what it stands."""

from collections.abc import Sequence
from datetime import datetime

from hq.figures.shape import Figure, Question, Watermark
from shared import clock
from shared.i18n import gettext, ngettext, sentences
from shared.vocabulary import region_word
from shared.web.filters import as_of, clock_time, day

NAMED = 3


def completeness(figure: Figure) -> str:
    """One sentence: complete, or what is missing and since when."""
    known_at = figure.question.known_at
    parts = [freshness(figure.watermarks, is_of_then=known_at is not None)]
    if known_at is not None:
        parts.insert(0, gettext("As known at %(time)s.", time=as_of(known_at)))
    for rate in figure.missing_rates:
        parts.append(
            gettext(
                "Incomplete: no rate from %(currency)s to %(to_currency)s on %(day)s.",
                currency=rate.currency,
                to_currency=rate.to_currency,
                day=rate.on.isoformat(),
            )
        )
    return sentences(*parts)


def freshness(marks: Sequence[Watermark], *, is_of_then: bool = False) -> str:
    """'Complete to 14:05.' or 'Partial: 11 of 12 branches; Harbin unreachable since 09:40, shown at 09:38.' `is_of_then`: of
    what was known at an earlier moment."""
    if not marks:
        return gettext("No branch is connected yet.")
    if len(marks) == 1 and not marks[0].is_current:
        return about(marks[0], is_of_then=is_of_then)
    stale = [mark for mark in marks if not mark.is_current]
    times = [mark.complete_to for mark in marks if mark.complete_to is not None]
    if not stale:
        return (
            gettext("Complete to %(time)s.", time=to_the_second(min(times)))
            if times
            else gettext("Complete.")
        )
    head = ngettext(
        "Partial: %(have)s of %(n)s branch complete.",
        "Partial: %(have)s of %(n)s branches complete.",
        len(marks),
        have=len(marks) - len(stale),
    )
    named = [about(mark, is_of_then=is_of_then) for mark in stale[:NAMED]]
    if len(stale) > NAMED:
        named.append(ngettext("And %(n)s more.", "And %(n)s more.", len(stale) - NAMED))
    return sentences(head, *named)


def to_the_second(at: datetime) -> str:
    """14:05:12 today, else with its date."""
    text = clock_time(at, seconds=True)
    return text if day(at) == day(clock.now()) else f"{day(at)} {text}"


def about(mark: Watermark, *, is_of_then: bool = False) -> str:
    """What is the matter with one branch."""
    if mark.state == "unreachable":
        return gettext(
            "%(branch)s unreachable since %(since)s, shown at %(time)s.",
            branch=mark.name,
            since=as_of(mark.contact_at),
            time=as_of(mark.complete_to),
        )
    if mark.state == "never" and is_of_then:
        return gettext("%(branch)s had not sent anything by then.", branch=mark.name)
    if mark.state == "never":
        return gettext("%(branch)s has not sent anything yet.", branch=mark.name)
    if mark.state == "unproven":
        return gettext("%(branch)s unproven.", branch=mark.name)
    return gettext("%(branch)s delayed, shown at %(time)s.", branch=mark.name, time=as_of(mark.complete_to))


def scope_name(figure: Figure) -> str:
    """Whom the figure covers, in words."""
    unit = figure.question.unit
    if unit.kind in ("company", "region"):
        return scope_of_branches(figure.question, [mark.name for mark in figure.watermarks])
    return figure.total.name or unit.key


def scope_of_branches(question: Question, names: Sequence[str]) -> str:
    """Which branches a question is about, these being the names of those that it reaches."""
    if question.unit.kind == "region":
        return region_word(question.unit.key)
    if question.branches is None:
        return gettext("All branches")
    return gettext(", ").join(names) or gettext("No branch")
