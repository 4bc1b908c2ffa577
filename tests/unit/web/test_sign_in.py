"""Signing in and out."""

from starlette.applications import Starlette

from tests.support.web_site import Visitor, visitor_of


def test_the_right_password_opens_the_page_asked_for(visitor: Visitor) -> None:
    assert str(visitor.open("/customers?q=a").url).endswith("/sign-in?next=/customers%3Fq%3Da")
    visitor.send("/sign-in", username=" Lin ", password="tea with lemon", next="/customers?q=a")
    assert "林娜" in visitor.page
