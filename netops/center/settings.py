"""Settings of the center: environment variables TRUNKLINE_*."""

from dataclasses import dataclass
from urllib.parse import quote
from zoneinfo import ZoneInfo

from shared.settings import setting
from shared.web.settings import WebSettings


@dataclass(frozen=True, kw_only=True)
class CenterSettings(WebSettings):
    """What the center needs beside WebSettings."""

    port: int = setting("Port to listen on; 0 takes a free one.", default=8480)
    timezone: ZoneInfo = setting(
        "Time zone in which the center shows times.", default=ZoneInfo("Asia/Shanghai")
    )
    report_seconds: float = setting("How often agents report while all is well.", default=5.0)
    late_seconds: float = setting("A node is late when it was not heard of for this long.", default=15.0)
    silent_seconds: float = setting("A node is silent when it was not heard of for this long.", default=60.0)
    keep_sample_hours: int = setting("Hours for which samples are kept.", default=24)
    keep_log_days: int = setting("Days for which log lines are kept.", default=7)

    @property
    def url_of_database(self) -> str:
        """DATABASE_URL, or the SQLite file in DATA_DIR."""
        return self.database_url or f"sqlite:///{quote(str((self.data_dir / 'center.db').absolute()))}"
