"""Addresses of the account pages."""

from shared.web.me import handlers, oidc_handlers
from shared.web.routing import PUBLIC, SIGNED_IN, Route

ROUTES = [
    Route("GET", "/sign-in", handlers.show_sign_in, PUBLIC),
    Route("POST", "/sign-in", handlers.sign_in, PUBLIC),
    Route("GET", "/sign-in/company", oidc_handlers.leave_for_provider, PUBLIC),
    Route("GET", oidc_handlers.BACK, oidc_handlers.come_back, PUBLIC),
    Route("POST", "/sign-out", handlers.sign_out, PUBLIC),
    Route("GET", "/me", handlers.show_me, SIGNED_IN),
    Route("POST", "/me/preferences", handlers.save_preferences, SIGNED_IN),
    Route("POST", "/me/password", handlers.change_password, SIGNED_IN),
    Route("POST", "/me/sessions/end", handlers.end_session, SIGNED_IN),
    Route("POST", "/me/sessions/end-all", handlers.end_all, SIGNED_IN),
    Route("GET", "/me/second-factor", handlers.show_second_factor, SIGNED_IN),
    Route("POST", "/me/second-factor", handlers.start_second_factor, SIGNED_IN),
    Route("POST", "/me/second-factor/off", handlers.stop_second_factor, SIGNED_IN),
    Route("POST", "/me/company/unlink", handlers.unlink_company, SIGNED_IN),
    Route("POST", "/me/company/allow", handlers.allow_company, SIGNED_IN),
    Route("POST", "/me/tokens", handlers.make_token, "token.edit"),
    Route("POST", "/me/tokens/revoke", handlers.revoke_token, SIGNED_IN),
]
