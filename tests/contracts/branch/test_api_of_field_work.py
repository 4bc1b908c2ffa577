"""The JSON API of tasks, feedback, opportunities, directives, staff and merges: rights, reach, tokens, keys, undo."""

from typing import Any

import pytest

from tests.contracts.branch.test_api import Integration, token_for
from tests.support.branch_site import BranchSite
from tests.support.cast import LIN, WANG
from tests.support.web_site import Visitor

People = dict[str, Visitor]
Programs = dict[str, Integration]


@pytest.fixture(scope="module")
def api(site: BranchSite, people: People) -> Programs:
    """A program in the name of each of them."""
    found = {}
    for name in ("lin", "sun", "zhou", "wang", "ma"):
        token_for(site, name, f"{name}-program", [])
        found[name] = Integration(people["lin"], f"{name}-program")
    return found


def code(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["error"]["code"]


def ids(answer: Any) -> set[str]:
    assert answer.status_code == 200, answer.text
    return {row["id"] for row in answer.json()["rows"]}


def test_a_task_goes_from_giver_to_done(api: Programs, site: BranchSite) -> None:
    lin, sun = api["lin"], api["sun"]
    body = {"employee_id": str(LIN.id), "title": "拜访", "customer_id": str(site.rows.customer)}
    made = sun.post("/tasks", body, **{"idempotency-key": "task-1"})
    assert made.status_code == 201, made.text
    assert sun.post("/tasks", body, **{"idempotency-key": "task-1"}).json()["id"] == made.json()["id"]
    url = f"/tasks/{made.json()['id']}"
    assert made.json()["id"] in ids(lin.get("/tasks"))
    assert made.json()["id"] in ids(sun.get("/tasks?view=given"))
    assert lin.get("/tasks?view=nonsense").status_code == 422
    assert code(api["wang"].get(url))[0] in (403, 404)
    assert lin.post(f"{url}/accept", {}).json()["task_id"] == made.json()["id"]
    assert code(lin.post(f"{url}/withdraw", {}))[0] == 403
    assert lin.post(f"{url}/comment", {"comment": ""}).status_code == 422
    done = lin.post(f"{url}/done", {"comment": "已拜访"}).json()
    assert (done["status"], "已拜访" in done["comment"]) == ("done", True)
    assert lin.post(f"{url}/done", {}).status_code == 409
    assert sun.post(f"{url}/reopen", {}).json()["status"] == "accepted"
    assert sun.post(f"{url}/withdraw", {}).json()["status"] == "cancelled"
    assert made.json()["id"] in ids(sun.get("/tasks?view=finished"))
    assert code(lin.post("/tasks", {"employee_id": str(WANG.id), "title": "x"}))[0] == 403


def test_a_complaint_is_entered_assigned_answered_and_closed(api: Programs, site: BranchSite) -> None:
    lin, sun = api["lin"], api["sun"]
    body = {
        "customer_id": str(site.rows.customer),
        "kind": "complaint",
        "level": "high",
        "subject": "少发一台",
    }
    made = lin.post("/feedback", body)
    assert made.status_code == 201, made.text
    url = f"/feedback/{made.json()['id']}"
    assert lin.post("/feedback", {**body, "customer_id": str(site.rows.foreign)}).status_code == 404
    assert lin.post(f"{url}/assign", {"to_id": str(LIN.id)}).status_code == 403
    assert sun.post(f"{url}/close", {}).status_code == 409
    assert sun.post(f"{url}/assign", {"to_id": str(LIN.id)}).json()["assigned_to"] == str(LIN.id)
    assert made.json()["id"] in ids(lin.get("/feedback?kind=complaint&status=assigned"))
    answered = lin.post(f"{url}/answer", {"answer": "明天补发"}).json()
    assert (answered["status"], answered["answer"]) == ("answered", "明天补发")
    assert sun.post(f"{url}/close", {}).json()["status"] == "closed"
    assert sun.post(f"{url}/reopen", {}).json()["closed_at"] is None
    assert lin.get(url).json()["subject"] == "少发一台"


def test_an_opportunity_moves_is_lost_and_taken_back(api: Programs, site: BranchSite) -> None:
    lin = api["lin"]
    body = {"customer_id": str(site.rows.customer), "title": "冷水机", "amount": "12,345.60"}
    made = lin.post("/opportunities", body).json()
    assert made["amount"] == {"amount": "12345.60", "currency": "CNY"}
    url = f"/opportunities/{made['id']}"
    assert made["id"] in ids(lin.get("/opportunities?stage=qualify"))
    assert made["id"] not in ids(api["ma"].get("/opportunities?stage=won"))
    sums = {row["stage"]: row for row in lin.get("/opportunities/sums").json()["rows"]}
    assert sums["qualify"]["count"] >= 1
    assert lin.post(f"{url}/move", {"stage": "won"}).status_code == 422
    moved = lin.post(f"{url}/move", {"stage": "proposal"}).json()
    assert moved["stage"] == "proposal"
    stale = {**body, "title": "冷水机组", "stage": "proposal", "revision": made["revision"]}
    assert lin.post(url, stale).status_code == 409
    assert lin.post(url, {**stale, "revision": moved["revision"]}).json()["title"] == "冷水机组"
    assert lin.post(f"{url}/lost", {"reason": "competitor"}).status_code == 422
    lost = lin.post(f"{url}/lost", {"reason": "competitor", "competitor": "恒达"}).json()
    assert (lost["stage"], lost["lost_reason"]) == ("lost", "competitor")
    assert lin.post(f"{url}/won", {}).status_code == 409
    assert lin.post(f"{url}/reopen", {}).json()["stage"] == "negotiation"
    assert lin.post(f"{url}/take-back", {}).status_code == 200
    assert lin.get(url).status_code == 404


def test_a_directive_is_read_acknowledged_and_done_by_whom_it_is_for(api: Programs, site: BranchSite) -> None:
    lin, url = api["lin"], f"/directives/{site.rows.directive}"
    assert lin.get(url).json()["status"] == "delivered"
    assert lin.get(url).json()["documents"] == []
    assert lin.post(f"{url}/read", {}).json()["status"] == "read"
    assert lin.post(f"{url}/acknowledge", {"note": "收到"}).json()["status"] == "acknowledged"
    assert lin.post(f"{url}/done", {}).json()["status"] == "done"
    assert lin.post(f"{url}/read", {}).json()["status"] == "done"
    assert [row["status"] for row in lin.get("/directives").json()["rows"]] == ["done"]
    for method in (api["wang"].get(url), api["wang"].post(f"{url}/done", {})):
        assert method.status_code == 404
    team = api["sun"].get("/directives/team").json()["rows"]
    assert ("林娜", "done", "收到") in [
        (one["name"], one["status"], one["note"]) for one in team[0]["recipients"]
    ]
    assert lin.get("/directives/team").status_code == 403
    assert lin.get(f"{url}/files/{site.rows.note}").status_code == 404


def test_staff_are_read_with_their_roles(api: Programs) -> None:
    rows = api["lin"].get("/staff?q=林").json()["rows"]
    assert [(row["name"], row["roles"]) for row in rows] == [("林娜", ["salesperson"])]
    one = api["lin"].get(f"/staff/{LIN.id}").json()
    assert (one["name"], one["roles"], one["assignments"]) == ("林娜", ["salesperson"], [])
    assert not any("password" in name or "totp" in name for name in one)
    assert "销售部" in [row["name"] for row in api["lin"].get("/departments").json()["rows"]]


def test_a_merge_is_proposed_seen_done_and_undone(api: Programs, site: BranchSite) -> None:
    zhou = api["zhou"]
    body = {"name": "双胞电机厂", "phone": "0571-8800 1111", "city": "杭州"}
    kept = zhou.post("/customers", body).json()["id"]
    other = zhou.post("/customers", {**body, "city": "宁波", "confirmed": True}).json()["id"]
    pairs = [{row["one"], row["other"]} for row in zhou.get("/merges/pairs").json()["rows"]]
    assert {kept, other} in pairs
    seen = zhou.get(f"/customers/{kept}/merge?other={other}").json()
    assert seen["conflicts"] == [{"name": "city", "kept": "杭州", "other": "宁波"}]
    url = f"/customers/{kept}/merge"
    assert zhou.post(url, {"other": kept}).status_code == 422
    assert zhou.post(url, {"other": other, "take": ["owner_id"]}).status_code == 422
    record = zhou.post(url, {"other": other, "take": ["city"]})
    assert record.status_code == 201, record.text
    assert zhou.get(f"/customers/{kept}").json()["city"] == "宁波"
    assert zhou.post(url, {"other": other}).status_code == 409
    assert [row["id"] for row in zhou.get(f"/customers/{kept}/merges").json()["rows"]] == [
        record.json()["id"]
    ]
    undo = f"/merges/{record.json()['id']}/undo"
    assert api["wang"].post(undo, {}).status_code == 403
    assert zhou.post(undo, {}).json()["kept_as_changed"] == []
    assert zhou.get(f"/customers/{kept}").json()["city"] == "杭州"
    assert code(zhou.post(undo, {})) == (409, "merge.undone")


def test_a_token_narrowed_to_reading_writes_nothing(site: BranchSite, people: People) -> None:
    token_for(site, "sun", "sun-reads", ["task.view", "feedback.view", "opportunity.view"])
    reader = Integration(people["lin"], "sun-reads")
    for url in ("/tasks?view=team", "/feedback", "/opportunities"):
        assert reader.get(url).status_code == 200
    assert reader.post("/tasks", {"title": "x"}).status_code == 403
    assert reader.post(f"/feedback/{site.rows.feedback}/close", {}).status_code == 403
    assert reader.post(f"/opportunities/{site.rows.opportunity}/won", {}).status_code == 403
    assert reader.get("/staff").status_code == 403


def test_rows_outside_reach_are_in_no_answer(api: Programs, site: BranchSite) -> None:
    """Lin's feedback, task and opportunity for the finance of the branch and for who may not see them."""
    rows = site.rows
    for name in ("lin", "sun", "zhou", "wang", "ma"):
        for url, one, action in (
            ("/feedback", rows.feedback, "feedback.view"),
            ("/opportunities?stage=", rows.opportunity, "opportunity.view"),
        ):
            answer = api[name].get(url)
            single = api[name].get(f"{url.split('?')[0]}/{one}")
            if answer.status_code == 200:
                assert (str(one) in ids(answer)) == (single.status_code == 200), (name, url)
            else:
                assert (answer.status_code, single.status_code) == (403, 403), (name, action)
