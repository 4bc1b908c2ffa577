"""A small, real OpenID Connect provider: discovery, keys, code flow with PKCE and client secret, signed ID tokens.

Who signs in there is `provider.claims`; a test changes claims, keys or the token to play what goes wrong.
"""

import base64
import hashlib
import secrets
import time
from typing import Any
from urllib.parse import parse_qs, urlencode

from joserfc import jwk, jwt
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

CLIENT, SECRET = "trunkline", "a client's secret"


class OidcProvider:
    """The provider and its one user."""

    def __init__(self) -> None:
        self.key = jwk.RSAKey.generate_key(2048, {"kid": "1"}, private=True)
        self.claims: dict[str, Any] = {"sub": "u-1", "preferred_username": "lin"}
        self.changed: dict[str, Any] = {}
        self.signs_with: jwk.RSAKey | None = None
        self.codes: dict[str, dict[str, str]] = {}
        self.app = Starlette(
            routes=[
                Route("/.well-known/openid-configuration", self.describe),
                Route("/keys", self.keys),
                Route("/authorize", self.authorize),
                Route("/token", self.token, methods=["POST"]),
            ]
        )

    async def describe(self, request: Request) -> Response:
        here = str(request.base_url).rstrip("/")
        return JSONResponse(
            {
                "issuer": here, "authorization_endpoint": f"{here}/authorize", "token_endpoint": f"{here}/token",
                "jwks_uri": f"{here}/keys",
            }
        )  # fmt: skip

    async def keys(self, _request: Request) -> Response:
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def authorize(self, request: Request) -> Response:
        """Signs the user in without asking and sends the browser back with a code."""
        query = dict(request.query_params)
        assert query["client_id"] == CLIENT
        assert query["response_type"] == "code"
        assert query["code_challenge_method"] == "S256"
        code = secrets.token_urlsafe(16)
        self.codes[code] = query
        answer = urlencode({"code": code, "state": query["state"]})
        return RedirectResponse(f"{query['redirect_uri']}?{answer}", status_code=302)

    async def token(self, request: Request) -> Response:
        """A code is worth one token, for the client that has its secret and the browser's verifier."""
        posted = {name: values[0] for name, values in parse_qs((await request.body()).decode()).items()}
        asked = self.codes.pop(posted.get("code", ""), None)
        basic = base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()
        digest = hashlib.sha256(posted.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).decode().rstrip("=")
        if (
            asked is None
            or request.headers.get("authorization") != f"Basic {basic}"
            or asked["code_challenge"] != challenge
            or asked["redirect_uri"] != posted.get("redirect_uri")
        ):
            return JSONResponse({"error": "invalid_grant"}, status_code=400)
        claims = {
            "iss": str(request.base_url).rstrip("/"), "aud": CLIENT, "exp": int(time.time()) + 300,
            "iat": int(time.time()), "nonce": asked["nonce"], **self.claims, **self.changed,
        }  # fmt: skip
        signed = jwt.encode({"alg": "RS256", "kid": "1"}, claims, self.signs_with or self.key)
        return JSONResponse({"access_token": "x", "token_type": "Bearer", "id_token": signed})
