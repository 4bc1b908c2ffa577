"""Forms of staff."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from shared.web.forms import Day, FormModel, MailAddress, PercentBp, Picked, Tick, WholeNumber, percent_up_to
from shared.web.passwords import MAX_LENGTH, MIN_LENGTH

Name = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Optional60 = Annotated[str, StringConstraints(max_length=60)]
Code = Annotated[str, StringConstraints(min_length=2, max_length=32, pattern=r"^[a-z][a-z0-9_]*$")]
Username = Annotated[
    str, StringConstraints(min_length=2, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9._@-]*$")
]
Password = Annotated[str, StringConstraints(min_length=MIN_LENGTH, max_length=MAX_LENGTH)]


class StaffQuery(FormModel):
    """Whom a list names: whose name, number or pinyin holds the words; `left`: also those who left."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    left: Literal["", "1"] = ""


class EmployeeForm(FormModel):
    """A person who works here; place and manager count only for a new one."""

    number: Annotated[str, StringConstraints(max_length=32)] = ""
    name: Name
    email: MailAddress = ""
    phone: Optional60 = ""
    position: Annotated[str, StringConstraints(max_length=120)] = ""
    department_id: Picked | None = None
    manager_id: Picked | None = None
    hired_on: Day | None = None
    discount_limit_bp: Annotated[PercentBp, percent_up_to(10_000)] = 0
    revision: WholeNumber | None = None


class PlacementForm(FormModel):
    """A new department, manager or position from a day on."""

    starts_on: Day
    department_id: Picked
    manager_id: Picked | None = None
    position: Annotated[str, StringConstraints(max_length=120)] = ""


class LeaveForm(FormModel):
    """The last day."""

    left_on: Day


class RolesForm(FormModel):
    """The roles somebody holds from now on; `seen` is the mark of those the form was made from."""

    """The roles of an employee."""

    roles: list[str] = []
    seen: Annotated[str, StringConstraints(max_length=16)] = ""


class RoleForm(FormModel):
    """A role of the branch's own."""

    code: Code
    name: Name
    name_en: Annotated[str, StringConstraints(max_length=120)] = ""


class DeputyForm(FormModel):
    """Who decides in somebody's place, and when."""

    deputy_id: Picked
    from_on: Day
    until_on: Day
    reason: Annotated[str, StringConstraints(max_length=200)] = ""


class DepartmentForm(FormModel):
    """A department."""

    name: Name
    kind: Annotated[str, StringConstraints(pattern="^(management|sales|customer|finance|other)$")] = "sales"
    parent_id: Picked | None = None
    manager_id: Picked | None = None
    active: Tick = False
    revision: WholeNumber | None = None


class AccountForm(FormModel):
    """A new sign-in account."""

    username: Username
    password: Password


class PasswordForm(FormModel):
    """A new password for somebody."""

    password: Password
