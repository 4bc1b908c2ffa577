"""Who may do what: scopes widen, rights add up, and nothing is granted by a spelling mistake."""

from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import NotAllowed
from shared.permissions import (
    ACTIONS,
    LABELS,
    ROLES,
    ROLES_BY_CODE,
    SCOPE_LABELS,
    Grant,
    Person,
    Scope,
    combine,
    reach,
    require,
)

scopes = st.sampled_from(list(Scope))


def person(grants=None, **values) -> Person:
    return Person(id=uuid4(), name="Lin", branch=values.pop("branch", "SH"), grants=grants or {}, **values)


def test_scopes_have_an_order_and_are_stored_as_words():
    assert Scope.OWN < Scope.DEPARTMENT < Scope.BRANCH < Scope.COMPANY
    assert max(Scope.BRANCH, Scope.OWN, Scope.DEPARTMENT) is Scope.BRANCH
    assert [str(scope) for scope in Scope] == ["own", "department", "branch", "company"]
    assert Scope("branch") is Scope.BRANCH
    assert Scope.OWN <= Scope.OWN >= "own"
    assert set(SCOPE_LABELS) == set(Scope)


def test_actions_are_entity_and_verb_each_once():
    names = [name for name, _label in ACTIONS]
    assert len(set(names)) == len(names) == len(LABELS)
    assert len({label for _name, label in ACTIONS}) == len(names)
    for name in names:
        entity, verb = name.split(".")
        assert entity.isidentifier()
        assert verb.isidentifier()


def test_an_action_that_does_not_exist_is_a_defect_not_a_refusal():
    with pytest.raises(ValueError, match="no such action"):
        Grant("customer.veiw", Scope.OWN)
    with pytest.raises(ValueError, match="no such action"):
        person().scope("customer.veiw")


def test_a_refusal_names_the_right_that_is_missing():
    with pytest.raises(NotAllowed) as refusal:
        require(person(), "order.approve")
    assert refusal.value.status == 403
    assert "Approve orders" in str(refusal.value)


def test_a_right_answers_with_its_scope():
    lin = person({"order.approve": Scope.DEPARTMENT})
    assert require(lin, "order.approve") is Scope.DEPARTMENT
    assert lin.may("order.approve")
    assert not lin.may("order.cancel")


@given(st.lists(st.builds(Grant, st.sampled_from(["order.view", "order.edit"]), scopes), max_size=8))
def test_several_roles_give_the_widest_scope(grants):
    widest = combine(grants)
    assert set(widest) == {grant.action for grant in grants}
    for grant in grants:
        assert widest[grant.action] >= grant.scope


def test_own_reaches_oneself_and_subordinates():
    subordinate, stranger, department = uuid4(), uuid4(), uuid4()
    lin = person(
        {"customer.view": Scope.OWN},
        staff_ids=frozenset({subordinate}),
        department_ids=frozenset({department}),
    )
    within = reach(lin, "customer.view")
    assert within.covers(owner=lin.id, department=None)
    assert within.covers(owner=subordinate, department=None)
    assert not within.covers(owner=stranger, department=department)
    assert not within.covers(owner=None, department=department)


def test_department_reaches_its_rows_and_those_of_subordinates_elsewhere():
    subordinate, stranger, department = uuid4(), uuid4(), uuid4()
    wang = person(
        {"customer.view": Scope.DEPARTMENT},
        staff_ids=frozenset({subordinate}),
        department_ids=frozenset({department}),
    )
    within = reach(wang, "customer.view")
    assert within.covers(owner=stranger, department=department)
    assert within.covers(owner=None, department=department)
    assert within.covers(owner=subordinate, department=uuid4())
    assert not within.covers(owner=stranger, department=uuid4())
    assert not within.covers(owner=None, department=None)


def test_nobody_outside_headquarters_sees_another_branch():
    for scope in (Scope.OWN, Scope.DEPARTMENT, Scope.BRANCH):
        zhao = person({"customer.view": scope}, branch="GZ")
        assert not reach(zhao, "customer.view").covers(owner=zhao.id, department=None, branch="SH")
        assert reach(zhao, "customer.view").covers(owner=zhao.id, department=None, branch="GZ")


def test_company_reaches_all_branches_or_those_that_were_given():
    chen = person({"figures.view": Scope.COMPANY}, branch="HQ")
    assert reach(chen, "figures.view").branches is None
    assert reach(chen, "figures.view").covers(owner=None, department=None, branch="SH")
    some = person({"figures.view": Scope.COMPANY}, branch="HQ", branches=frozenset({"HQ", "GZ"}))
    assert not reach(some, "figures.view").covers(owner=None, department=None, branch="SH")


def test_no_right_no_reach():
    with pytest.raises(NotAllowed):
        reach(person(), "customer.view")


# --- default roles


def test_the_roles_of_the_company_exist_where_they_are_given():
    assert {role.code: role.place for role in ROLES} == {
        "salesperson": "branch",
        "sales_manager": "branch",
        "customer_manager": "branch",
        "finance": "branch",
        "branch_manager": "branch",
        "branch_admin": "branch",
        "executive": "hq",
        "hq_data_officer": "hq",
        "hq_admin": "hq",
        "sysadmin": "netops",
    }


def test_every_action_can_be_done_by_somebody():
    granted = {action for role in ROLES for action in role.grants}
    assert granted == set(LABELS)


def test_branch_roles_stay_in_the_branch_and_others_reach_the_company():
    for role in ROLES:
        widest = max(role.grants.values())
        assert (widest is Scope.COMPANY) == (role.place != "branch")


@pytest.mark.parametrize(
    ("role", "action", "scope"),
    [
        ("salesperson", "customer.view", Scope.OWN),
        ("salesperson", "order.submit", Scope.OWN),
        ("salesperson", "order.approve", None),
        ("salesperson", "receipt.record", None),
        ("salesperson", "customer.export", None),
        ("sales_manager", "order.approve", Scope.DEPARTMENT),
        ("sales_manager", "plan.assign", Scope.DEPARTMENT),
        ("customer_manager", "feedback.handle", Scope.BRANCH),
        ("customer_manager", "order.approve", None),
        ("finance", "receipt.reverse", Scope.BRANCH),
        ("finance", "expense.approve", None),
        ("finance", "order.approve", None),
        ("branch_manager", "expense.approve", Scope.BRANCH),
        ("branch_manager", "expense.pay", None),
        ("branch_manager", "receipt.record", None),
        ("branch_admin", "role.edit", Scope.BRANCH),
        ("branch_admin", "order.view", None),
        ("executive", "figures.view", Scope.COMPANY),
        ("executive", "directive.issue", Scope.COMPANY),
        ("executive", "order.edit", None),
        ("hq_admin", "role.edit", Scope.COMPANY),
        ("hq_admin", "customer.view", None),
        ("sysadmin", "node.control", Scope.COMPANY),
        ("sysadmin", "customer.view", None),
        ("sysadmin", "figures.view", None),
    ],
)
def test_roles_may_what_their_work_needs_and_no_more(role, action, scope):
    assert ROLES_BY_CODE[role].grants.get(action) == scope
