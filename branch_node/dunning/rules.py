"""Who is reminded of what: levels by days past due, what holds a reminder back, what it says. Pure.

A level holds from `days_past_due` on (negative: before the day). At most one notice per instalment and level; none
while the instalment is disputed, promised for a day that has not passed, or settled.
"""

import itertools
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid5

from shared.errors import Invalid, Text
from shared.i18n import N_

NOTICES = UUID("6f9c2a61-52f0-5d0b-9a57-0d1f4f3f7a10")
"""Namespace of the ids of notices: a second notice of the same instalment and level is the same row."""
FIELDS = {
    "customer": N_("the customer"), "order": N_("the order's number"), "position": N_("which instalment"),
    "amount": N_("what remains when it is sent"), "due": N_("the due day"), "days": N_("the days it is late"),
    "branch": N_("the branch's name"),
}  # fmt: skip
"""What a text may name, and the words for it."""
DUE_SOON_DAYS = 3

DEFAULT_LEVELS: tuple[tuple[int, int, str, str, str, str], ...] = (
    (0, -3, "付款提示：%(order)s", "%(customer)s：\n\n贵司 %(order)s 号订单第 %(position)s 期款项 %(amount)s 将于 %(due)s 到期，请按期付款。如已付款，请忽略本函。\n\n%(branch)s",
     "Payment due soon: %(order)s", "Dear %(customer)s,\n\nInstalment %(position)s of order %(order)s, %(amount)s, falls due on %(due)s. If you have paid already, ignore this note.\n\n%(branch)s"),
    (1, 7, "付款提醒：%(order)s", "%(customer)s：\n\n贵司 %(order)s 号订单第 %(position)s 期款项 %(amount)s 已于 %(due)s 到期，至今逾期 %(days)s 天，请安排付款。\n\n%(branch)s",
     "Payment reminder: %(order)s", "Dear %(customer)s,\n\nInstalment %(position)s of order %(order)s, %(amount)s, fell due on %(due)s and is %(days)s days late. Please arrange payment.\n\n%(branch)s"),
    (2, 15, "第二次付款提醒：%(order)s", "%(customer)s：\n\n%(order)s 号订单第 %(position)s 期款项 %(amount)s 已逾期 %(days)s 天，请于一周内付清或告知付款日期。\n\n%(branch)s",
     "Second reminder: %(order)s", "Dear %(customer)s,\n\n%(amount)s of order %(order)s (instalment %(position)s) is %(days)s days late. Please pay within a week or name the day.\n\n%(branch)s"),
    (3, 45, "最后付款通知：%(order)s", "%(customer)s：\n\n%(order)s 号订单第 %(position)s 期款项 %(amount)s 已逾期 %(days)s 天。逾期未付将暂停供货。\n\n%(branch)s",
     "Final notice: %(order)s", "Dear %(customer)s,\n\n%(amount)s of order %(order)s (instalment %(position)s) is %(days)s days late. Deliveries stop unless it is paid.\n\n%(branch)s"),
)  # fmt: skip
"""Level, days past due, subject and body in Chinese, then in English: what a branch begins with."""


@dataclass(frozen=True)
class Level:
    """From how many days past due a level holds."""

    level: int
    days_past_due: int


@dataclass(frozen=True)
class Case:
    """An instalment as dunning sees it. `promised_on` is the day of a promise still open, `last_level` the highest sent or
    on its way."""

    due_on: date
    remaining_minor: int
    is_disputed: bool = False
    promised_on: date | None = None
    last_level: int | None = None


def held_back(case: Case, today: date) -> str:
    """Why nothing is sent: settled, disputed or promised; empty when nothing holds it back."""
    if case.remaining_minor <= 0:
        return "settled"
    if case.is_disputed:
        return "disputed"
    return "promised" if case.promised_on is not None and case.promised_on >= today else ""


def level_due(case: Case, levels: Sequence[Level], today: date) -> Level | None:
    """The notice to send today: the highest level reached, unless it or a higher one was sent. None: nothing to send.

    Levels that were passed over (the system was off, the promise lasted) are not made up for. A level before the due
    day is not sent after it.
    """
    if held_back(case, today):
        return None
    late = (today - case.due_on).days
    reached = [one for one in levels if one.days_past_due <= late and not is_too_late(one, late)]
    if not reached:
        return None
    found = max(reached, key=lambda one: (one.days_past_due, one.level))
    return None if case.last_level is not None and case.last_level >= found.level else found


def is_too_late(level: Level, late: int) -> bool:
    """Whether a level speaks of a day to come and that day has passed, `late` days ago."""
    return level.days_past_due <= 0 < late


def notice_id(receivable_id: UUID, level: int) -> UUID:
    """The id of the notice of an instalment at a level: there can be only one."""
    return uuid5(NOTICES, f"{receivable_id}:{level}")


def promise_state(promised_on: date, is_kept: bool, today: date) -> str:
    """open, kept or broken: broken the day after the promised day when it was not kept."""
    if is_kept:
        return "kept"
    return "broken" if promised_on < today else "open"


def language_of(country: str, home_country: str) -> str:
    """The language of a customer's mails: Chinese for a customer in China, or in no named country of a Chinese branch."""
    known = country.strip().casefold() or home_country.casefold()
    chinese = {
        "cn",
        "china",
        "中国",
        "p.r. china",
        "hk",
        "hong kong",
        "香港",
        "tw",
        "taiwan",
        "台湾",
        "mo",
        "macao",
        "澳门",
    }
    return "zh_CN" if known in chinese else "en"


def filled(text: str, values: Mapping[str, str]) -> str:
    """A text with its %(name)s fields filled in; unknown ones stay as they are."""
    return re.sub(r"%\((\w+)\)s", lambda found: values.get(found[1], found[0]), text)


def require_texts(texts: Mapping[str, str]) -> None:
    """Invalid, at each box, for a text that names something a notice does not know."""
    faults: dict[str, str] = {}
    for name, text in texts.items():
        unknown = sorted(set(re.findall(r"%\((\w+)\)s", text)) - set(FIELDS))
        if unknown:
            message = N_("There is no %(unknown)s. A text may name: %(known)s.")
            faults[name] = Text(
                message,
                unknown=f"%({unknown[0]})s",
                known=", ".join(f"%({one})s" for one in FIELDS),
            )
    if faults:
        raise Invalid(fields=faults)


def require_ladder(levels: Collection[Level]) -> None:
    """Invalid unless later levels come later: a higher level on an earlier day would never be sent."""
    rows = sorted(levels, key=lambda one: one.level)
    for lower, higher in itertools.pairwise(rows):
        if higher.days_past_due <= lower.days_past_due:
            raise Invalid(
                fields={
                    "days_past_due": Text(
                        N_(
                            "Level %(higher)s must begin after level %(lower)s (day %(days)s). Enter a later day."
                        ),
                        higher=higher.level,
                        lower=lower.level,
                        days=lower.days_past_due,
                    )
                }
            )
