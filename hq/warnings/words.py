"""The sentence of a warning, in the reader's language."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.money import Money
from shared.web.filters import as_of, money_card, percent

SENTENCES: Mapping[str, Callable[[Mapping[str, Any]], str]] = {
    "unreachable": lambda v: _("%(branch)s: no contact since %(time)s", branch=v["name"], time=as_of(instant(v["contact_at"]))),
    "unproven": lambda v: _("%(branch)s: figures unproven", branch=v["name"]),
    "behind": lambda v: _("%(branch)s: %(done)s of the year plan, %(passed)s of the year passed", branch=v["name"], done=percent(v["completion"]), passed=percent(v["passed"])),
    "overdue": lambda v: _("%(branch)s: %(share)s of its receivables overdue, the limit is %(limit)s", branch=v["name"], share=percent(v["share"]), limit=percent(v["limit"])),
    "loss": lambda v: _("%(branch)s: operating loss of %(amount)s this month", branch=v["name"], amount=money_card(Money(-v["amount"], v["currency"]))),
    "complaints": lambda v: _("%(branch)s: %(now)s complaints in seven days, %(before)s in the seven before", branch=v["name"], now=v["now"], before=v["before"]),
    "limit": lambda v: ngettext("%(branch)s: %(n)s customer above the sales limit or on hold", "%(branch)s: %(n)s customers above the sales limit or on hold", v["n"], branch=v["name"]),
    "plans": lambda v: ngettext("%(branch)s: %(n)s of %(staff)s without a plan for today", "%(branch)s: %(n)s of %(staff)s without a plan for today", v["n"], branch=v["name"], staff=v["staff"]),
    "day_close": lambda v: ngettext("%(branch)s: %(n)s line of a day close differs, first on %(day)s", "%(branch)s: %(n)s lines of a day close differ, first on %(day)s", v["n"], branch=v["name"], day=v["day"]),
    "directive": lambda v: _('"%(title)s" is past its deadline: %(open)s of %(total)s have not acknowledged', title=v["title"], open=v["open"], total=v["total"]),
}  # fmt: skip


def instant(text: str) -> datetime | None:
    """A moment from its text; None for none."""
    return datetime.fromisoformat(text) if text else None


def sentence(kind: str, values: Mapping[str, Any]) -> str:
    """What a warning says, in the reader's language."""
    return SENTENCES[kind](values)
