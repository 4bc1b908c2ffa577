"""What the demo prints: addresses and logins, aligned also where Chinese characters take two columns."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

from netops.demo.company import Company


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


def welcome(company: Company, folder: str, seconds: float) -> str:
    """The page printed when all sites are ready."""
    sites = [("Site 站点", "", "Address 地址"), *((s.title.zh, s.title.en, s.url) for s in company.sites)]
    titles = {site.name: site for site in company.sites}
    logins = [
        ("Sign in 登录", "", "Where 站点", ""),
        *((login.login, login.who.zh, login.who.en, titles[login.site].title.zh) for login in company.logins),
    ]
    parts = [f"\nTrunkline is running ({seconds:.1f} s). Trunkline 已启动。\n", table(sites)]
    if company.logins:
        parts += ["", table(logins), f"\n  Password 密码: {company.password}"]
    parts += [f"\n  Data 数据: {folder}    Ctrl-C ends it 按 Ctrl-C 结束\n"]
    return "\n".join(parts)
