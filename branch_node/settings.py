"""Settings of a branch site: environment variables TRUNKLINE_*."""

from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from branch_node.home import Home
from shared.mail import PostOffice, check_address, read_address
from shared.money import CURRENCIES
from shared.settings import setting
from shared.web.settings import WebSettings


def _is_code(value: str) -> str | None:
    plain = value.replace("-", "").replace("_", "")
    return None if plain.isalnum() and len(value) <= 16 else "must be letters, digits, - and _, 16 at most"


def _is_positive(value: float) -> str | None:
    return None if value > 0 else "must be more than 0"


def _is_port(value: int) -> str | None:
    return None if 0 <= value <= 65535 else "must be a port between 0 and 65535"


def _is_currency(value: str) -> str | None:
    return None if value in CURRENCIES else "must be an ISO 4217 currency such as CNY"


def _is_country(value: str) -> str | None:
    return (
        None if len(value) == 2 and value.isalpha() and value.isupper() else "must be two letters such as CN"
    )


@dataclass(frozen=True, kw_only=True)
class BranchSettings(WebSettings):
    """What a branch needs beside WebSettings."""

    branch_code: str = setting("Code of the branch, the owner of every row it writes.", check=_is_code)
    branch_name: str = setting("Name shown in the frame; empty: the code.", default="")
    timezone: ZoneInfo = setting(
        "Time zone of the branch: its business dates.", default=ZoneInfo("Asia/Shanghai")
    )
    base_currency: str = setting("Currency the branch keeps its books in.", default="CNY", check=_is_currency)
    country: str = setting(
        "Country of telephone numbers written without a country code.", default="CN", check=_is_country
    )
    hq_url: str = setting("Address of headquarters; empty: the branch works alone.", default="")
    port: int = setting("Port to listen on; 0 takes a free one.", default=8402, check=_is_port)
    standby_look_seconds: float = setting(
        "How often it looks whether a standby was invited, and, after a promotion, what the node before hands over.",
        default=5.0,
        check=_is_positive,
    )
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
    site_url: str = setting(
        "Address at which people reach this site, for links in mails; empty: none.", default=""
    )

    @property
    def post_office(self) -> PostOffice | None:
        """The mail server, None without one."""
        return read_address(self.mail_url, self.mail_from, self.site_url)

    @property
    def home(self) -> Home:
        """The branch as the code knows it."""
        return Home(self.branch_code, self.timezone.key, self.base_currency, self.country)

    @property
    def url_of_database(self) -> str:
        """DATABASE_URL, or the SQLite file in DATA_DIR."""
        return self.database_url or f"sqlite:///{quote(str((self.data_dir / 'branch.db').absolute()))}"
