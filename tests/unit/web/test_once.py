"""The same post twice is done once."""

import threading
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.responses import Response

from shared.errors import Invalid
from shared.web import once
from shared.web.forms import FormModel, ShortText, read_form
from shared.web.models import SavedView
from shared.web.responses import json_answer, redirect
from shared.web.routing import SIGNED_IN, ApiDoc, Route
from tests.support.databases import ENGINES
from tests.support.web_site import Visitor, in_app, tea_app, visitor_of


class CupForm(FormModel):
    name: ShortText


async def pour(request: Request) -> Response:
    """Writes a row; refuses coffee after having written it."""
    form = await read_form(request, CupForm)
    name = form.text("name") or (await request.json())["name"]
    row = await SavedView.create(
        account=request.state.account, list_url="/cups", name=f"{name} {await SavedView.all().count()}", query="",
        created_at=request.state.account.created_at,
    )  # fmt: skip
    if name == "coffee":
        raise Invalid("No coffee here.")
    if name == "burnt":
        return Response("burnt", status_code=422)
    return (
        json_answer({"id": row.id}, status=201)
        if request.url.path.startswith("/api")
        else redirect(f"/cups/{row.id}")
    )


ROUTES = [
    Route("POST", "/cups", pour, SIGNED_IN),
    Route("POST", "/api/v1/cups", pour, SIGNED_IN, api=ApiDoc("Pour a cup")),
]


@pytest.fixture(params=ENGINES)
def lin(tmp_path: Path, request: pytest.FixtureRequest, empty_postgres):  # type: ignore[no-untyped-def]
    url = empty_postgres() if request.param == "postgres" else ""
    with visitor_of(tea_app(tmp_path, ROUTES, database_url=url), in_thread=True) as visitor:
        visitor.sign_in("lin")
        visitor.open("/me")
        yield visitor


def cups(visitor: Visitor) -> int:
    return int(in_app(visitor.client.app, lambda: SavedView.all().count()))  # type: ignore[arg-type]


def test_a_second_click_is_answered_like_the_first_and_does_nothing(lin: Visitor) -> None:
    answers = [lin.send("/cups", follow=False, name="tea", client_id="a-1") for _ in range(3)]
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert [answer.headers.get("idempotency-replayed") for answer in answers] == [None, "true", "true"]
    assert cups(lin) == 1


def test_forms_without_an_id_are_taken_each_time(lin: Visitor) -> None:
    lin.send("/cups", follow=False, name="tea")
    lin.send("/cups", follow=False, name="tea")
    assert cups(lin) == 2


def test_clicks_at_the_same_moment_make_one_record(lin: Visitor) -> None:
    token, answers = lin.token(), []

    def click() -> None:
        answers.append(
            lin.client.post(
                "/cups", data={"name": "tea", "client_id": "b-1", "csrf": token}, follow_redirects=False
            )
        )

    threads = [threading.Thread(target=click) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {answer.status_code for answer in answers} == {303}
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert cups(lin) == 1


@pytest.mark.parametrize("name", ["coffee", "burnt"])
def test_a_refused_form_leaves_nothing_behind_and_may_be_corrected(lin: Visitor, name: str) -> None:
    assert lin.send("/cups", follow=False, name=name, client_id="c-1").status_code == 422
    assert cups(lin) == 0
    lin.open("/me")
    assert lin.send("/cups", follow=False, name="tea", client_id="c-1").status_code == 303
    assert cups(lin) == 1


def test_the_same_id_with_other_content_is_refused(lin: Visitor) -> None:
    lin.send("/cups", follow=False, name="tea", client_id="d-1")
    assert lin.send("/cups", name="milk", client_id="d-1").status_code == 409
    assert "with other content" in lin.text()
    assert cups(lin) == 1


def test_the_same_id_of_another_person_is_another_post(lin: Visitor) -> None:
    ada = lin.other_browser()
    ada.sign_in("ada")
    ada.open("/me")
    lin.send("/cups", follow=False, name="tea", client_id="e-1")
    ada.send("/cups", follow=False, name="tea", client_id="e-1")
    assert cups(lin) == 2


def test_the_api_gives_the_stored_body_again(lin: Visitor) -> None:
    headers = {"idempotency-key": "f-1", "x-csrf-token": lin.token()}
    first = lin.client.post("/api/v1/cups", json={"name": "tea"}, headers=headers)
    second = lin.client.post("/api/v1/cups", json={"name": "tea"}, headers=headers)
    assert (first.status_code, first.json()) == (second.status_code, second.json()) == (201, first.json())
    assert cups(lin) == 1


def test_keys_are_forgotten_after_three_days(lin: Visitor) -> None:
    from shared import clock
    from shared.clock import FixedClock

    lin.send("/cups", follow=False, name="tea", client_id="g-1")
    with clock.use(FixedClock(clock.now())) as now:
        assert in_app(lin.client.app, once.forget_old_keys) == 0
        now.advance(days=3, seconds=1)
        assert in_app(lin.client.app, once.forget_old_keys) == 1
