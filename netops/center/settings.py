"""Settings of the center: environment variables TRUNKLINE_*."""

from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from netops.center.telemetry.retention import Keep
from netops.center.telemetry.store import telemetry_url
from shared.settings import setting
from shared.web.settings import WebSettings


@dataclass(frozen=True, kw_only=True)
class CenterSettings(WebSettings):
    """What the center needs beside WebSettings."""

    port: int = setting("Port to listen on; 0 takes a free one.", default=8480)
    timezone: ZoneInfo = setting(
        "Time zone in which the center shows times.", default=ZoneInfo("Asia/Shanghai")
    )
    report_seconds: float = setting(
        "How often agents report while all is well; longer by itself with more than 500 nodes.", default=5.0
    )
    acts_at_once: int = setting(
        "How many nodes may be restarted, stopped, drained or rebooted by order at the same moment.",
        default=10,
    )
    late_seconds: float = setting("A node is late when it was not heard of for this long.", default=15.0)
    silent_seconds: float = setting("A node is silent when it was not heard of for this long.", default=60.0)
    keep_sample_days: int = setting("Days for which every sample is kept.", default=7)
    keep_minute_days: int = setting("Days for which values per minute are kept.", default=31)
    keep_quarter_days: int = setting("Days for which values per quarter of an hour are kept.", default=400)
    keep_log_days: int = setting("Days for which log lines are kept.", default=14)
    telemetry_bytes: int = setting(
        "Most that samples and log lines may take on the disk; beyond it the oldest days go.",
        default=20_000_000_000,
    )
    group_seconds: float = setting(
        "A first notification waits this long for others of the same trouble.", default=30.0
    )
    interval_seconds: float = setting(
        "Least time between two notifications of a channel while troubles change.", default=300.0
    )
    repeat_hours: float = setting(
        "A trouble that nobody has acknowledged is told again after this time.", default=4.0
    )
    escalate_minutes: float = setting(
        "Minutes after which a trouble nobody has acknowledged goes to the channels for escalation.",
        default=15.0,
    )
    dead_man_url: str = setting(
        "Address that is asked every minute while the center is well, so that others notice its end; empty: none.",
        default="",
    )

    alertmanager_url: str = setting(
        "Address of an Alertmanager that is told every open incident; empty: none.", default=""
    )

    @property
    def url_of_database(self) -> str:
        """DATABASE_URL, or the SQLite file in DATA_DIR."""
        return self.database_url or f"sqlite:///{quote(str((self.data_dir / 'center.db').absolute()))}"

    @property
    def url_of_telemetry(self) -> str:
        """The store of samples and lines: a file of its own, or the same PostgreSQL database."""
        return telemetry_url(self.data_dir, self.url_of_database)

    @property
    def keep(self) -> Keep:
        """How long and how much telemetry is kept."""
        return Keep(
            self.keep_sample_days,
            self.keep_minute_days,
            self.keep_quarter_days,
            self.keep_log_days,
            self.telemetry_bytes,
        )
