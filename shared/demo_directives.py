"""The demo company's cast and what headquarters sent down to it: headquarters seeds directives with their recipients,
each branch what those did with them. The two never meet while they seed, so both read the same plan here. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random
from types import MappingProxyType
from uuid import UUID, uuid5

from shared.demo_company import DEMO_BRANCHES, seeded_id
from shared.periods import add_months, local_date, start_of_day, zone

CAST: Mapping[str, Mapping[str, tuple[str, str]]] = MappingProxyType({
    "SH": {
        "seller": ("林娜", "lin"), "manager": ("赵磊", "zhao"), "director": ("马丽", "ma"),
        "customers": ("周强", "zhou"), "finance": ("王芳", "wang"), "admin": ("何洁", "he"),
    },
    "HQ": {
        "seller": ("郭佳宁", "guo"), "manager": ("罗志远", "luo"), "director": ("许文博", "xu"),
        "customers": ("沈悦", "shen"), "finance": ("蔡静", "cai"), "admin": ("傅海涛", "fu"),
    },
    "GZ": {
        "seller": ("梁思颖", "liang"), "manager": ("彭建辉", "peng"), "director": ("赵敏", "zhao"),
        "customers": ("曾晓倩", "zeng"), "finance": ("钟玉婷", "zhong"), "admin": ("潘子航", "pan"),
    },
    "PAR": {
        "seller": ("Camille Rivoire", "camille"), "manager": ("Antoine Vasseur", "antoine"),
        "director": ("Sophie Marchal", "sophie"), "customers": ("Hugo Tessier", "hugo"),
        "finance": ("Lucie Aubry", "lucie"), "admin": ("Bastien Lemaire", "bastien"),
    },
    "NYC": {
        "seller": ("Grace Calder", "grace"), "manager": ("Marcus Donovan", "marcus"),
        "director": ("Olivia Hargrove", "olivia"), "customers": ("Naomi Reyes", "naomi"),
        "finance": ("Daniel Kessler", "daniel"), "admin": ("Tessa Lowry", "tessa"),
    },
    "TYO": {
        "seller": ("藤本 美咲", "misaki"), "manager": ("松井 大輔", "daisuke"), "director": ("青山 陽子", "yoko"),
        "customers": ("中原 千尋", "chihiro"), "finance": ("水野 香織", "kaori"), "admin": ("森田 翔", "sho"),
    },
})  # fmt: skip
"""By branch and post: family and given name as written, then the sign-in name."""

STEPS = ("delivered", "read", "acknowledged", "done")
_IDS = UUID("5b7f0f2e-5a0c-5d0e-8f5e-6f0b8f0d2a11")


def cast_id(code: str, post: str, first: date) -> UUID:
    """The id of a member of the cast whose branch begins its books on `first`, the same wherever it is asked: the row
    was made at 17:00 there, the evening before."""
    evening = datetime.combine(first - timedelta(days=1), time(17), zone(DEMO_BRANCHES[code].timezone))
    return seeded_id(int(evening.timestamp() * 1_000), Random(f"cast {code} {post}"))


@dataclass(frozen=True)
class _Text:
    """What is sent: days before the last day of the books, days left from then on, and how far most have come."""

    kind: str
    title: str
    body: str
    days_ago: int
    due_in: int
    posts: tuple[str, ...]
    usual_step: str


_TEXTS = (
    _Text(
        "notice", "年度盘点安排 / Annual stocktaking",
        "各网点在月内完成库存与固定资产盘点，盘点表由财务负责人签字后上报。\n\n"
        "Count stock and equipment this month; the head of finance signs the list.",
        38, -8, ("director", "finance"), "done",
    ),
    _Text(
        "decision", "年底前收回逾期 60 天以上的货款 / Collect what is more than 60 days overdue",
        "各网点逐户制定催收计划，每周五前更新承诺还款日；超过 90 天的客户暂停新订单。\n\n"
        "Each branch plans collection customer by customer and renews promises every Friday; "
        "customers over 90 days get no new orders.",
        17, 12, ("director", "manager", "finance"), "acknowledged",
    ),
    _Text(
        "document", "明年价格政策（征求意见稿） / Next year's price policy (draft)",
        "请销售负责人在截止日前反馈对标准件调价 3% 的意见。\n\n"
        "Sales managers: please answer by the deadline what a rise of 3 % on standard parts would do.",
        2, 9, ("director", "manager"), "read",
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Recipient:
    """One member of the cast and the moments at which the steps were taken, first to last; none lies after `now`."""

    id: UUID
    branch: str
    employee_id: UUID
    name: str
    taken_at: tuple[datetime, ...]

    @property
    def step(self) -> str:
        """The last step taken; '' when it has not arrived."""
        return STEPS[len(self.taken_at) - 1] if self.taken_at else ""


@dataclass(frozen=True)
class CompanyDirective:
    """A directive of the demo as headquarters issued it."""

    id: UUID
    number: str
    kind: str
    title: str
    body: str
    issued_at: datetime
    deadline_on: date
    recipients: tuple[Recipient, ...]


def company_directives(codes: Sequence[str], months: int, now: datetime) -> list[CompanyDirective]:
    """What was sent to the cast of these branches, oldest first, when the books of `months` months end at `now`.

    Each branch begins its books in its own zone: around midnight two of them may be a month apart.
    """
    today = local_date(now, "Asia/Shanghai")
    return [_directive(place, text, codes, months, today, now) for place, text in enumerate(_TEXTS, 1)]


def _directive(
    place: int, text: _Text, codes: Sequence[str], months: int, today: date, now: datetime
) -> CompanyDirective:
    day = today - timedelta(days=text.days_ago)
    issued_at = start_of_day(day, "Asia/Shanghai") + timedelta(hours=9, minutes=30 + place)
    return CompanyDirective(
        uuid5(_IDS, f"directive/{place}"), f"D{day.year}-{place:04d}", text.kind, text.title, text.body, issued_at,
        today + timedelta(days=text.due_in), tuple(_recipients(place, text, codes, months, issued_at, now)),
    )  # fmt: skip


def _recipients(
    place: int, text: _Text, codes: Sequence[str], months: int, issued_at: datetime, now: datetime
) -> Iterator[Recipient]:
    for code in codes:
        first = add_months(local_date(now, DEMO_BRANCHES[code].timezone).replace(day=1), 1 - months)
        for post in text.posts:
            dice = Random(f"directive {place} {code} {post}")
            name, _username = CAST[code][post]
            yield Recipient(
                uuid5(_IDS, f"directive/{place}/{code}/{post}"), code, cast_id(code, post, first), name,
                tuple(at for at in _taken(text, dice, issued_at) if at < now),
            )  # fmt: skip


def _taken(text: _Text, dice: Random, issued_at: datetime) -> Iterator[datetime]:
    """Most come as far as is usual, one in four stays a step behind, one in six is a step ahead."""
    usual = STEPS.index(text.usual_step)
    last = min(usual + dice.choices((0, -1, 1), (7, 3, 2))[0], len(STEPS) - 1)
    at = issued_at
    for wait in ((1, 9), (30, 600), (60, 2_000), (1_500, 12_000))[: last + 1]:
        at += timedelta(minutes=dice.randrange(*wait))
        yield at
