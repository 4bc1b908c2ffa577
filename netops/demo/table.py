"""What the demo prints: addresses and logins, aligned also where Chinese characters take two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence

from netops.demo.company import Account, Company

_SHOWN_ACCOUNTS = 6


def width(text: str) -> int:
    """Columns of a terminal that the text takes."""
    return sum(2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def table(rows: Sequence[Sequence[str]], indent: str = "  ") -> str:
    """Rows in aligned columns, no trailing spaces."""
    columns = max(len(row) for row in rows)
    widths = [max(width(row[column]) for row in rows if column < len(row)) for column in range(columns)]
    lines = []
    for row in rows:
        cells = [text + " " * (widths[column] - width(text)) for column, text in enumerate(row)]
        lines.append((indent + "   ".join(cells)).rstrip())
    return "\n".join(lines)


def welcome(company: Company, accounts: Mapping[str, Sequence[Account]], folder: str, seconds: float) -> str:
    """The page printed when all sites are ready: addresses, then at most six accounts of each site, one per role first."""
    sites = [("Site 站点", "", "Address 地址"), *((s.title.zh, s.title.en, s.url) for s in company.sites)]
    logins = [("Sign in at 登录站点", "User 用户", "Password 密码", "Role 角色", "")]
    for site in company.sites:
        for number, account in enumerate(_one_per_role(accounts.get(site.name, []))[:_SHOWN_ACCOUNTS]):
            where = "" if number else f"{site.title.zh} {site.title.en}"
            logins.append((where, account.username, account.password, account.role, account.name))
    parts = [f"\nTrunkline is running ({seconds:.1f} s). Trunkline 已启动。\n", table(sites)]
    if len(logins) > 1:
        parts += ["", table(logins)]
    parts += [f"\n  Data 数据: {folder}    Ctrl-C ends it 按 Ctrl-C 结束\n"]
    return "\n".join(parts)


def _one_per_role(accounts: Sequence[Account]) -> list[Account]:
    """First of each role in their order, then the others."""
    first: dict[str, Account] = {}
    for account in accounts:
        first.setdefault(account.role, account)
    return [*first.values(), *(account for account in accounts if account not in first.values())]
