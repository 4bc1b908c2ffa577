"""Business figures of every branch as gauges, for a scraper that knows TRUNKLINE_METRICS_TOKEN.

They are the overview's own figures of the running month, in the reporting currency, read when asked for: the sums come from
memory as long as no branch has moved (hq.figures.memo). One series per branch and gauge, so many as there are branches.
"""

import hmac

from prometheus_client import CollectorRegistry, Gauge, generate_latest
from starlette.requests import Request

from hq.asking import house_of
from hq.figures.scoreboard import scoreboard
from hq.figures.shape import Figure, Question
from hq.figures.staff import staff_activity
from hq.settings import HqSettings
from shared import clock, metrics
from shared.money import exponent

BUSINESS = CollectorRegistry(auto_describe=True)
_MONEY = ("branch", "currency")

SIGNED = metrics.gauge("trunkline_business_signed_amount", "Sales of the month: approved orders less returns.", _MONEY, registry=BUSINESS)  # fmt: skip
RECEIVED = metrics.gauge("trunkline_business_received_amount", "Receipts of the month.", _MONEY, registry=BUSINESS)  # fmt: skip
INCOME = metrics.gauge("trunkline_business_income_amount", "Income of the month by the branch's rule.", _MONEY, registry=BUSINESS)  # fmt: skip
EXPENSE = metrics.gauge("trunkline_business_expense_amount", "Approved expenses of the month.", _MONEY, registry=BUSINESS)  # fmt: skip
REMAINING = metrics.gauge("trunkline_business_remaining_amount", "What customers still owe.", _MONEY, registry=BUSINESS)  # fmt: skip
OVERDUE = metrics.gauge("trunkline_business_overdue_amount", "What is past its due date of it.", _MONEY, registry=BUSINESS)  # fmt: skip
ORDERS_TODAY = metrics.gauge("trunkline_business_orders_today", "Orders approved on the branch's own day.", ("branch",), registry=BUSINESS)  # fmt: skip
FRESHNESS = metrics.gauge("trunkline_business_freshness_seconds", "Age of the data of a branch; none before it sent anything.", ("branch",), registry=BUSINESS)  # fmt: skip
AMOUNTS: tuple[tuple[str, Gauge], ...] = (
    ("sales", SIGNED),
    ("receipts", RECEIVED),
    ("income", INCOME),
    ("expense", EXPENSE),
    ("remaining", REMAINING),
    ("overdue", OVERDUE),
)


async def business_metrics(request: Request) -> bytes:
    """The gauges in Prometheus' text format; nothing without the right token, or where none is set."""
    settings: HqSettings = request.app.state.settings
    sent = request.headers.get("authorization", "").removeprefix("Bearer ")
    if not settings.metrics_token or not hmac.compare_digest(sent.encode(), settings.metrics_token.encode()):
        return b""
    with request.app.state.use_database():
        question = Question(house=house_of(settings))
        board, activity = await scoreboard(question), await staff_activity(question)
    show(board.figure, activity)
    return generate_latest(BUSINESS)


def show(board: Figure, activity: Figure) -> None:
    """Put the figures into the gauges; a branch that is gone, or an amount that is unknown, has no series."""
    for _key, amounts in AMOUNTS:
        amounts.clear()
    for line in board.rows:
        for key, amounts in AMOUNTS:
            value = line.number(key)
            if value is not None and not line.is_left_out:
                amounts.labels(line.branch, line.currency).set(value / 10 ** exponent(line.currency))
    ORDERS_TODAY.clear()
    for line in activity.rows:
        ORDERS_TODAY.labels(line.branch).set(line.number("orders") or 0)
    FRESHNESS.clear()
    for mark in board.watermarks:
        if mark.complete_to is not None:
            FRESHNESS.labels(mark.branch).set((clock.now() - mark.complete_to).total_seconds())
