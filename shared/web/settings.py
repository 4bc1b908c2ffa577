"""Settings that every web process knows; the settings class of a site extends WebSettings."""

from dataclasses import dataclass

from shared.settings import CommonSettings, setting


@dataclass(frozen=True, kw_only=True)
class WebSettings(CommonSettings):
    """What pages, sessions and passwords need beside CommonSettings."""

    session_idle_hours: int = setting("Hours without a click after which a session ends.", default=12)
    session_max_days: int = setting("Days after which a session ends in any case.", default=30)
    login_limit: int = setting(
        "Failed sign-ins per account and 15 minutes; five times as many per address.", default=8
    )
    argon2_memory_kib: int = setting("Memory of one password hash, KiB.", default=19_456)
    argon2_rounds: int = setting("Rounds of one password hash.", default=3)
    argon2_at_once: int = setting("Password hashes computed at the same time.", default=2)
    body_limit_bytes: int = setting(
        "Largest request body, except where a page takes files.", default=1_048_576
    )
    oidc_issuer: str = setting(
        "Address of the company's identity provider (OpenID Connect); empty: passwords only.", default=""
    )
    oidc_client_id: str = setting("The name under which the provider knows this site.", default="")
    oidc_client_secret: str = setting("The secret that goes with it.", default="", secret=True)
    oidc_name: str = setting(
        "What the button on the sign-in page calls the provider; empty: the company's sign-in.", default=""
    )
    oidc_claim: str = setting(
        "The claim that is a person's user name here at the first sign-in; email counts only when it is verified.",
        default="preferred_username",
    )
    trusted_proxies: int = setting(
        "Reverse proxies in front; the client's address is that many entries from the right of X-Forwarded-For.",
        default=0,
    )
