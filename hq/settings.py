"""Settings of the headquarters site: environment variables TRUNKLINE_*."""

from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from shared.mail import PostOffice, check_address, read_address
from shared.money import CURRENCIES
from shared.settings import setting
from shared.web.settings import WebSettings


def _is_currency(value: str) -> str | None:
    return None if value in CURRENCIES else "must be an ISO 4217 currency such as CNY"


def _is_positive(value: float) -> str | None:
    return None if value > 0 else "must be more than 0"


def _keeps_current(value: float) -> str | None:
    return None if 0.2 <= value <= 60 else "must be between 0.2 and 60"


@dataclass(frozen=True, kw_only=True)
class HqSettings(WebSettings):
    """What headquarters needs beside WebSettings."""

    company_name: str = setting("Name of the company, shown in exports.", default="")
    reporting_currency: str = setting(
        "Currency of company totals; branches are converted with the dated rates.",
        default="CNY",
        check=_is_currency,
    )
    timezone: ZoneInfo = setting("Time zone of headquarters.", default=ZoneInfo("Asia/Shanghai"))
    current_seconds: int = setting(
        "A branch is current when nothing of it was missing this recently.", default=120, check=_is_positive
    )
    unreachable_seconds: int = setting(
        "A branch is unreachable when it was not heard of for this long.", default=1_800, check=_is_positive
    )
    heartbeat_seconds: float = setting(
        "A branch that has nothing to send says so this often, and then looks whether something was written beside it or headquarters asks for a scrub.",
        default=15.0,
        check=_keeps_current,
    )
    silent_days: int = setting(
        "A customer without a follow-up for this many days is silent.", default=30, check=_is_positive
    )
    overdue_limit_bp: int = setting(
        "Overdue share of what remains, in basis points, above which a branch is marked.", default=1_000
    )
    live_gap_seconds: float = setting(
        "Least time between two live updates of one page; a board that takes long to make is left alone for longer.",
        default=0.05,
        check=_is_positive,
    )
    feeds_from_private_addresses: bool = setting(
        "Whether news feeds may lie in a private network; for an intranet, and for tests.", default=False
    )
    metrics_token: str = setting(
        "Token with which Prometheus reads business figures at /metrics (Authorization: Bearer); empty: nobody does.",
        default="",
        secret=True,
    )
    public_links: bool = setting(
        "Whether people with the right may share a view with somebody who does not sign in.", default=False
    )
    port: int = setting("Port to listen on; 0 takes a free one.", default=8400)
    jobs_in_site: bool = setting(
        "Whether the web process runs the jobs too; no: `worker` processes do (PostgreSQL only).",
        default=True,
    )

    mail_url: str = setting(
        "Mail server: smtp://user:password@host:587 (STARTTLS), smtps://host:465 or smtp+plain://host:25; "
        "empty: mails wait.",
        default="",
        secret=True,
        check=check_address,
    )
    mail_from: str = setting(
        "Sender of mails, like 'Trunkline <office@example.com>'; empty: trunkline@ the server.", default=""
    )

    @property
    def post_office(self) -> PostOffice | None:
        """The mail server, None without one."""
        return read_address(self.mail_url, self.mail_from, self.public_url)

    @property
    def url_of_database(self) -> str:
        """DATABASE_URL, or the SQLite file in DATA_DIR."""
        return self.database_url or f"sqlite:///{quote(str((self.data_dir / 'hq.db').absolute()))}"
