"""Sign-in at the company's identity provider (OpenID Connect, code flow with PKCE).

The one place where a request of ours calls another site: the browser brings a code that only the provider can turn
into a name, and the person waits at the door. Bounded by TIMEOUT_SECONDS; the password door stays open beside it.
"""

import hashlib
import secrets
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

import httpx
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwk, jwt
from joserfc.errors import JoseError

from shared import clock, log
from shared.errors import Invalid, Unavailable
from shared.i18n import N_
from shared.web.accounts import normal_name
from shared.web.models import Account
from shared.web.settings import WebSettings

TIMEOUT_SECONDS = 5.0
KEEP_SECONDS = 3_600.0
LEEWAY_SECONDS = 60
ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
SILENT = N_("The company's sign-in does not answer. Use your password, or try again later.")
STALE = N_("This sign-in was not begun here or took too long. Begin again.")
FORGED = N_("The answer of the company's sign-in cannot be trusted. Tell the administrator.")

events = log.get_logger()


@dataclass(frozen=True)
class Provider:
    """What the provider says about itself, read at its well-known address."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


@dataclass(frozen=True)
class Attempt:
    """A sign-in that has begun: what the browser must bring back, and where it wanted to go."""

    state: str
    nonce: str
    verifier: str
    back: str

    def text(self) -> str:
        """As it is kept in the browser's own cookie."""
        return "|".join((self.state, self.nonce, self.verifier, self.back))


def attempt_of(text: str) -> Attempt | None:
    """The attempt that a cookie holds; None when it holds none."""
    parts = text.split("|", 3)
    return Attempt(*parts) if len(parts) == 4 and all(parts) else None


_known: dict[str, tuple[float, Provider, dict[str, Any]]] = {}


async def provider_of(settings: WebSettings, *, fresh: bool = False) -> tuple[Provider, dict[str, Any]]:
    """The provider and its keys, read again after an hour or when `fresh`.

    Unavailable when it does not answer, is not the issuer that was configured, or names an address without https.
    """
    issuer = settings.oidc_issuer.rstrip("/")
    if not fresh and issuer in _known and _known[issuer][0] > monotonic():
        return _known[issuer][1:]
    try:
        async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
            found = (await client.get(f"{issuer}/.well-known/openid-configuration")).raise_for_status().json()
            provider = Provider(
                *(
                    str(found[name])
                    for name in ("issuer", "authorization_endpoint", "token_endpoint", "jwks_uri")
                )
            )
            if provider.issuer.rstrip("/") != issuer or not all(
                is_safe(url) for url in vars(provider).values()
            ):
                raise ValueError("another issuer, or an address without https")
            keys: dict[str, Any] = (await client.get(provider.jwks_uri)).raise_for_status().json()
    except (httpx.HTTPError, ValueError, KeyError, TypeError) as fault:
        events.warning("identity provider unusable", issuer=issuer, fault=type(fault).__name__)
        raise Unavailable(SILENT, retry_after=30, code="oidc.silent") from None
    _known[issuer] = (monotonic() + KEEP_SECONDS, provider, keys)
    return provider, keys


def is_safe(url: str) -> bool:
    """https, or this machine."""
    parts = urlsplit(url)
    return parts.scheme == "https" or (
        parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost", "::1")
    )


def client_of(settings: WebSettings, redirect_uri: str) -> AsyncOAuth2Client:
    return AsyncOAuth2Client(
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        scope="openid profile email",
        redirect_uri=redirect_uri,
        code_challenge_method="S256",
        timeout=TIMEOUT_SECONDS,
    )


async def begin(settings: WebSettings, redirect_uri: str, back: str) -> tuple[str, Attempt]:
    """Where to send the browser, and what it must bring back. Unavailable when the provider does not answer."""
    provider, _keys = await provider_of(settings)
    nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(48)
    async with client_of(settings, redirect_uri) as client:
        url, state = client.create_authorization_url(
            provider.authorization_endpoint, nonce=nonce, code_verifier=verifier
        )
    return str(url), Attempt(str(state), nonce, verifier, back)


async def finish(
    settings: WebSettings, redirect_uri: str, attempt: Attempt | None, state: str, code: str
) -> Account:
    """The account of whoever the provider says it is.

    1 the state is the one this browser left with  2 the code becomes a token  3 signature, issuer, audience, time and
    nonce of the token hold  4 the account is the one bound to this subject, else the one with that name, bound from
    now on. Invalid, with a sentence for the sign-in page, for anything else; Unavailable for a silent provider.
    """
    if attempt is None or not code or not secrets.compare_digest(attempt.state, state):
        raise Invalid(STALE, code="oidc.state")
    provider, keys = await provider_of(settings)
    try:
        async with client_of(settings, redirect_uri) as client:
            answer = await client.fetch_token(
                provider.token_endpoint, code=code, code_verifier=attempt.verifier
            )
    except httpx.HTTPError:
        raise Unavailable(SILENT, retry_after=30, code="oidc.silent") from None
    except (AuthlibBaseError, ValueError) as fault:
        events.warning("identity provider refused a code", fault=type(fault).__name__)
        raise Invalid(STALE, code="oidc.code") from None
    claims = await checked(settings, provider, keys, str(answer.get("id_token", "")), attempt.nonce)
    return await account_of(settings, claims)


async def checked(
    settings: WebSettings, provider: Provider, keys: dict[str, Any], token: str, nonce: str
) -> dict[str, Any]:
    """The claims of an ID token that is the provider's, for us, now, and for this attempt; Invalid otherwise.

    Unknown keys are read again once: providers change them.
    """
    try:
        decoded = _decode(token, keys)
    except (JoseError, ValueError):
        _provider, keys = await provider_of(settings, fresh=True)
        try:
            decoded = _decode(token, keys)
        except (JoseError, ValueError) as fault:
            raise _forged(fault) from None
    registry = jwt.JWTClaimsRegistry(
        now=int(clock.now().timestamp()),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": provider.issuer},
        aud={"essential": True, "value": settings.oidc_client_id},
        exp={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        registry.validate(decoded.claims)
    except JoseError as fault:
        raise _forged(fault) from None
    claims: dict[str, Any] = dict(decoded.claims)
    if (
        isinstance(claims["aud"], list)
        and len(claims["aud"]) > 1
        and claims.get("azp") != settings.oidc_client_id
    ):
        raise _forged(ValueError("azp"))
    return claims


def _decode(token: str, keys: dict[str, Any]) -> jwt.Token:
    return jwt.decode(token, jwk.KeySet.import_key_set(keys), algorithms=ALGORITHMS)  # type: ignore[arg-type]


def _forged(fault: Exception) -> Invalid:
    events.warning("id token refused", fault=type(fault).__name__)
    return Invalid(FORGED, code="oidc.token")


def subject_of(claims: dict[str, Any]) -> str:
    """Issuer and subject as they are kept with the account; of very long ones their hash."""
    text = f"{claims['iss']} {claims['sub']}"
    return text if len(text) <= 200 else hashlib.sha256(text.encode()).hexdigest()


async def account_of(settings: WebSettings, claims: dict[str, Any]) -> Account:
    """The account bound to the subject; else the unbound one whose user name is the configured claim, bound now.

    A mail address counts only when the provider has verified it. Invalid when there is none or it is disabled: an
    identity provider opens no account here, the administrator does.
    """
    subject = subject_of(claims)
    account = await Account.get_or_none(oidc_subject=subject)
    name = str(claims.get(settings.oidc_claim) or "")
    if account is None and name and (settings.oidc_claim != "email" or claims.get("email_verified") is True):
        username = normal_name(name)
        if await Account.filter(username=username, oidc_subject="").update(oidc_subject=subject):
            events.info("account bound to identity provider", username=username)
            account = await Account.get(username=username)
    if account is None or account.disabled_at is not None:
        events.warning("identity provider sent somebody without an account", claim=settings.oidc_claim)
        raise Invalid(
            N_('There is no account for "%(name)s" here. The administrator of your site opens one.'),
            code="oidc.nobody",
            name=name or str(claims["sub"]),
        )
    events.info("signed in", account=str(account.id), by="oidc")
    return account
