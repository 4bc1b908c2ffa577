"""`python -m hq seed`: what headquarters itself owns in the demo: dated rates, year targets, news, directives, and who may read.

The branches seed their own business; the plan that both follow is shared.demo_company. Everything is written in one
transaction, so a database is seeded or it is not.
"""

import argparse
import asyncio
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from tortoise.exceptions import OperationalError

from hq.directives.rules import Unit
from hq.people.actions import add_person
from hq.settings import HqSettings
from hq.setup import APPS
from shared import clock
from shared.database import fetch_all, fetch_value, open_database, transaction
from shared.database.single import AlreadyRunning, only_process
from shared.demo_company import (
    DEMO_CODES,
    DEMO_PASSWORD,
    CompanyTarget,
    company_rates,
    company_targets,
    seeded_id,
)
from shared.demo_directives import CompanyDirective, company_directives
from shared.periods import add_months, local_date, start_of_day
from shared.records import COMPANY, Directive, DirectiveRecipient, ExchangeRate, NewsItem, Target, TargetLine
from shared.replication import capture
from shared.settings import SettingsError, load
from shared.web.passwords import Passwords

# username, name, role, locale, zone, branches (None: all)
PEOPLE: tuple[tuple[str, str, str, str, str, list[str] | None], ...] = (
    ("chen", "陈志远", "executive", "zh_CN", "Asia/Shanghai", None),
    ("helen", "Helen Marsden", "executive", "en", "Europe/Paris", ["PAR", "NYC"]),
    ("qin", "秦雨", "hq_data_officer", "zh_CN", "Asia/Shanghai", None),
    ("tang", "唐敏", "hq_admin", "zh_CN", "Asia/Shanghai", None),
)

NEWS: tuple[tuple[str, str], ...] = (
    ("制造业采购指数连续第三个月回升", "新订单分项改善明显，设备投资意愿增强。"),
    ("多地出台设备更新补贴办法", "电机与变频器列入补贴目录，中小企业可先改后补。"),
    ("稀土价格企稳，永磁电机成本压力缓解", "主要供应商维持四季度报价。"),
    ("Factory orders for packaging machines slow in Europe", "Backlogs shrink and delivery times shorten to nine weeks."),
    ("Warehouse automation in North America at a record", "Conveyors and sorters are in demand; installers are short of hands."),
    ("日本机床订单连续六个月增长", "海外订单贡献超过六成，半导体设备需求回暖。"),
    ("工业传感器价格竞争加剧", "中低端产品均价下降约5%，服务能力成为差异点。"),
    ("New efficiency classes for motors published", "Eighteen months of transition; IE5 becomes the rule above 75 kW."),
    ("海运价格回落至年内低点", "进口件到岸成本有望下降，交期恢复正常。"),
    ("食品行业自动化改造提速", "卫生级伺服成为采购重点，验收周期缩短。"),
    ("Integrated servo drives gain ground", "Cabinet space and cabling decide; prices are close to those of separate drives."),
    ("铜价连续三周上涨", "建议提前锁定电机采购价格。"),
    ("行业展会观众数量创新高", "机器视觉与协作机器人展区最受关注。"),
    ("Leasing of machines grows among small firms", "Monthly instalments replace purchase; sellers are asked for longer terms."),
    ("新能源装备企业扩产", "三家企业公布明年扩建计划，传动件需求增加。"),
)  # fmt: skip
NEWS_SOURCES = ("传动周报", "自动化观察", "Motion Desk", "Drives Weekly")
NEWS_DAYS = 120


class CannotSeed(Exception):
    """The database cannot be seeded; the message says what to do."""


def main(argv: Sequence[str], env: Mapping[str, str] | None = None) -> int:
    """Exit code 0: seeded now or before; 1: refused, with the reason on stderr; 2: wrong options or settings; 3: the
    database is in use by another process."""
    options = _parser().parse_args(list(argv))
    try:
        settings = load(HqSettings, os.environ if env is None else env)
        with only_process(settings.url_of_database, "seed"):
            rows, seconds, accounts = asyncio.run(seed(settings, options.seed, options.until, options.months))
    except (SettingsError, AlreadyRunning, CannotSeed) as refused:
        print(refused, file=sys.stderr)  # noqa: T201
        return {SettingsError: 2, AlreadyRunning: 3}.get(type(refused), 1)
    done = f"headquarters: {rows} rows in {seconds:.1f} s" if rows else "headquarters: already seeded"
    print(done, file=sys.stderr if options.json else sys.stdout)
    if options.json:
        print(json.dumps(accounts, ensure_ascii=False, indent=1))  # noqa: T201
    for account in () if options.json else accounts:
        print("  {username:<10} {password:<16} {role:<18} {name}".format(**account))  # noqa: T201
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hq seed", description=__doc__)
    parser.add_argument("--profile", choices=("demo",), default="demo")
    parser.add_argument("--demo", action="store_true", help="the same as --profile demo")
    parser.add_argument("--seed", type=int, default=7, help="the same number makes the same news (default 7)")
    parser.add_argument("--until", type=date.fromisoformat, help="last day of the books (default: today)")
    parser.add_argument("--months", type=int, choices=range(2, 61), default=18, metavar="N")
    parser.add_argument("--json", action="store_true", help="print the accounts as a JSON list")
    return parser


async def seed(
    settings: HqSettings, number: int, until: date | None, months: int
) -> tuple[int, float, list[dict[str, str]]]:
    """Rows written (0: seeded before), seconds, and the accounts. Raises CannotSeed when there are no tables."""
    started = time.perf_counter()
    today = until or local_date(clock.now(), settings.timezone)
    first = add_months(today.replace(day=1), 1 - months)
    async with open_database(settings.url_of_database, APPS):
        if await _is_seeded():
            return 0, 0.0, await accounts_made()
        await capture.install(COMPANY)
        hashes = Passwords(settings)
        async with transaction():
            rows = await add_rates(first, today)
            rows += await add_targets(first, today)
            rows += await add_directives(months, clock.now() if until is None else _evening(today))
            rows += await add_news(Random(f"{number} news"), today, clock.now())
            for username, name, role, locale, zone, branches in PEOPLE:
                await add_person(
                    hashes, name=name, roles=[role], branches=branches, username=username, password=DEMO_PASSWORD,
                    locale=locale, timezone=zone,
                )  # fmt: skip
        return rows, time.perf_counter() - started, await accounts_made()


async def _is_seeded() -> bool:
    try:
        found = await fetch_value("SELECT 1 AS one FROM target WHERE branch = :owner LIMIT 1", owner=COMPANY)
    except OperationalError as missing:
        raise CannotSeed("The database has no tables yet. Run `python -m hq migrate` first.") from missing
    return bool(found)


async def add_rates(first: date, until: date) -> int:
    """The dated rates between the currencies of the branches, one set a month."""
    rows = [
        ExchangeRate(
            id=rate.id, branch=COMPANY, currency=rate.currency, to_currency=rate.to_currency,
            happened_on=rate.happened_on, rate_e9=rate.rate_e9, recorded_at=_morning(rate.happened_on),
        )
        for rate in company_rates(first, until)
    ]  # fmt: skip
    await ExchangeRate.bulk_create(rows, batch_size=500)
    return len(rows)


async def add_targets(first: date, until: date) -> int:
    """Year targets of the branches with their months; the superseded revision is kept."""
    found = company_targets(DEMO_CODES, first, until)
    targets = [_target_row(target, first) for target in found]
    lines = [
        TargetLine(
            id=line_id, branch=COMPANY, target_id=target.id, period=period, amount=amount,
            recorded_at=_issued_at(target, first),
        )
        for target in found
        for line_id, period, amount in target.lines
    ]  # fmt: skip
    await Target.bulk_create(targets, batch_size=500)
    await TargetLine.bulk_create(lines, batch_size=500)
    return len(targets) + len(lines)


def _target_row(target: CompanyTarget, first: date) -> Target:
    issued_at = _issued_at(target, first)
    return Target(
        id=target.id,
        branch=COMPANY,
        year=target.year,
        measure=target.measure,
        unit_kind="branch",
        unit_branch=target.branch,
        number=target.number,
        currency=target.currency,
        amount=target.amount,
        reason=target.reason,
        issued_at=issued_at,
        recorded_at=issued_at,
        superseded_at=_morning(date(target.year, 7, 5)) if target.is_superseded else None,
    )


def _issued_at(target: CompanyTarget, first: date) -> datetime:
    """The first revision in January (or when the books begin), later ones in July."""
    return _morning(date(target.year, 7, 5) if target.number > 1 else max(date(target.year, 1, 5), first))


async def add_directives(months: int, now: datetime) -> int:
    """What was sent down to the cast of the branches, name by name; the branches seed the receipts."""
    found = company_directives(DEMO_CODES, months, now)
    people = [
        DirectiveRecipient(
            id=one.id, branch=COMPANY, directive_id=directive.id, unit_branch=one.branch, employee_id=one.employee_id,
            employee_name=one.name, recorded_at=directive.issued_at,
        )
        for directive in found
        for one in directive.recipients
    ]  # fmt: skip
    await Directive.bulk_create([_directive_row(directive) for directive in found], batch_size=500)
    await DirectiveRecipient.bulk_create(people, batch_size=500)
    return len(found) + len(people)


def _directive_row(directive: CompanyDirective) -> Directive:
    return Directive(
        id=directive.id, branch=COMPANY, number=directive.number, kind=directive.kind, title=directive.title,
        body=directive.body, issued_at=directive.issued_at, issued_by_name=PEOPLE[0][1], status="issued",
        deadline_on=directive.deadline_on, audience=sorted({one.branch for one in directive.recipients}),
        units=[
            Unit("employee", one.branch, str(one.employee_id), one.name).plain() for one in directive.recipients
        ],
        recorded_at=directive.issued_at,
    )  # fmt: skip


def _morning(day: date) -> datetime:
    return start_of_day(day, "Asia/Shanghai") + timedelta(hours=9)


def _evening(day: date) -> datetime:
    """When books that end on another day than today end."""
    return start_of_day(day, "Asia/Shanghai") + timedelta(hours=20)


async def add_news(dice: Random, until: date, now: datetime) -> int:
    """Some forty items of the last four months, the newest of this morning; none published after `now`."""
    rows = []
    for place in range(len(NEWS) * 3):
        title, summary = NEWS[place % len(NEWS)]
        day = until - timedelta(days=0 if place < 1 else dice.randrange(NEWS_DAYS))
        at = min(_morning(day) - timedelta(minutes=dice.randrange(90)), now)
        rows.append(
            NewsItem(
                id=seeded_id(int(at.timestamp() * 1_000), dice), branch=COMPANY, title=title, summary=summary,
                source=dice.choice(NEWS_SOURCES), published_at=at.astimezone(UTC), happened_on=day, recorded_at=at,
                selected=place < len(NEWS) or dice.random() < 0.5,
            )
        )  # fmt: skip
    await NewsItem.bulk_create(rows, batch_size=500)
    return len(rows)


async def accounts_made() -> list[dict[str, str]]:
    """The demo's accounts with their role, for whoever tries it."""
    rows: list[dict[str, Any]] = await fetch_all(
        "SELECT a.username, a.display_name, p.roles FROM web_account a JOIN hq_person p ON p.id = a.person_id "
        "ORDER BY a.created_at, a.id"
    )
    return [
        {
            "username": row["username"],
            "password": DEMO_PASSWORD,
            "role": ",".join(json.loads(row["roles"])),
            "name": row["display_name"],
        }
        for row in rows
    ]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
