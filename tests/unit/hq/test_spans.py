"""Every span of days is made of cells that add up to exactly its days, and few of them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from hq.figures.spans import BEGINNING, DAY, END, MONTH, Piece, pieces

HORIZON = date(2026, 11, 23)
DAYS = st.dates(date(2023, 1, 1), date(2027, 12, 31))


def weight(piece: Piece, day: date) -> int:
    """How often a piece counts a day."""
    size = {DAY: 10, MONTH: 7}.get(piece.tier, 4)
    return piece.sign if piece.first <= day.isoformat()[:size] <= piece.last else 0


@given(st.none() | DAYS, st.none() | DAYS, DAYS)
def test_a_span_counts_its_days_once_and_no_other_day(
    first: date | None, last: date | None, day: date
) -> None:
    inside = (first or BEGINNING) <= day <= (last or END)
    assert sum(weight(piece, day) for piece in pieces(first, last, HORIZON)) == int(inside)


@given(DAYS, st.integers(0, 1200))
def test_the_same_holds_without_the_tier_of_years(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    found = [piece.in_months() for piece in pieces(first, last, HORIZON)]
    for day in (first - timedelta(days=1), first, last, last + timedelta(days=1)):
        assert sum(weight(piece, day) for piece in found) == int(first <= day <= last)


@given(DAYS)
def test_a_running_sum_to_any_day_reads_few_periods(day: date) -> None:
    read = 0
    for piece in pieces(None, day, HORIZON):
        known = [period for period in piece.periods()[-60:] if period <= HORIZON.isoformat()]
        read += min(len(known), 5) if piece.tier == "y" else len(known)
    assert read <= 5 + 6 + 16


def test_periods_of_a_piece_are_written_as_in_the_cells() -> None:
    assert Piece(MONTH, "2025-11", "2026-02").periods() == ["2025-11", "2025-12", "2026-01", "2026-02"]
    assert Piece(DAY, "2026-02-27", "2026-03-01").periods() == ["2026-02-27", "2026-02-28", "2026-03-01"]
