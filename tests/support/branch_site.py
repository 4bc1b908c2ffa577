"""The Shanghai branch site with the cast signed up and one row of everything, for contract and browser tests."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from secrets import token_hex
from shutil import copyfile
from typing import Any
from uuid import UUID

from starlette.applications import Starlette

from branch_node.app import branch_app
from branch_node.customers.actions import add_customer
from branch_node.customers.contacts import save_contact
from branch_node.customers.field_definitions import add_custom_field
from branch_node.customers.forms import ContactForm, CustomerForm
from branch_node.feedback.actions import enter_feedback
from branch_node.feedback.forms import FeedbackForm
from branch_node.followups.actions import plan_activity, record_activity
from branch_node.followups.forms import ActivityForm, PlanForm
from branch_node.home import at_home, today
from branch_node.intelligence.actions import write_note
from branch_node.intelligence.forms import NoteForm
from branch_node.opportunities.actions import enter as enter_opportunity
from branch_node.opportunities.forms import OpportunityForm
from branch_node.plans.actions import add_item
from branch_node.plans.rules import read_line
from branch_node.settings import BranchSettings
from branch_node.setup import APPS
from branch_node.staff.actions import name_deputy
from branch_node.staff.built_in import ensure_roles
from branch_node.staff.forms import DeputyForm
from branch_node.tasks.actions import give_task
from branch_node.tasks.forms import TaskForm
from shared import clock
from shared.database import as_actor, open_database
from shared.records import COMPANY, Address, Directive, DirectiveRecipient, Employee
from shared.web import accounts
from shared.web.passwords import Passwords
from tests.support import shelf
from tests.support.cast import ADMIN, LIN, MANAGER, SALES_SH, SHANGHAI, SUN, WANG, ZHOU, Member, hire
from tests.support.databases import Templates, apart, postgres_url
from tests.support.web_site import Visitor, visitor_of

PASSWORD = "tea with lemon"
USERS: dict[str, Member] = {"lin": LIN, "sun": SUN, "wang": WANG, "he": ADMIN, "ma": MANAGER, "zhou": ZHOU}


@dataclass(frozen=True)
class Rows:
    """Ids of the rows that Lin's day left behind; `foreign` is a customer of Zhou's department."""

    customer: UUID
    foreign: UUID
    contact: UUID
    address: UUID
    activity: UUID
    planned: UUID
    item: UUID
    task: UUID
    feedback: UUID
    note: UUID
    deputy: UUID
    field: UUID
    opportunity: UUID
    directive: UUID
    employee: UUID = LIN.id
    department: UUID = SALES_SH

    def fill(self, url: str) -> str:
        """The address with the ids of existing rows in its places."""
        by_prefix = {
            "/customers": self.customer, "/api/v1/customers": self.customer, "/followups": self.activity,
            "/api/v1/activities": self.activity, "/plan/items": self.item, "/api/v1/plans": self.item,
            "/team": self.employee, "/tasks": self.task, "/feedback": self.feedback, "/intel": self.note,
            "/staff": self.employee, "/departments": self.department, "/settings/fields": self.field,
            "/opportunities": self.opportunity, "/directives": self.directive, "/api/v1/tasks": self.task,
            "/api/v1/feedback": self.feedback, "/api/v1/opportunities": self.opportunity,
            "/api/v1/directives": self.directive, "/api/v1/staff": self.employee,
        }  # fmt: skip
        own = next((row for prefix, row in by_prefix.items() if url.startswith(prefix)), UUID(int=0))
        places = {
            "id": own, "contact": self.contact, "address": self.address, "deputy": self.deputy, "code": "salesperson",
            "file": UUID(int=0), "name": "phone",
        }  # fmt: skip
        return re.sub(r"\{(\w+)\}", lambda match: str(places[match[1]]), url)


def settings_of(folder: Path, url: str, **values: Any) -> BranchSettings:
    """Settings with password hashes that cost nothing and no jobs."""
    shelf.share_templates(folder)
    given: dict[str, Any] = {
        "data_dir": folder, "database_url": url, "branch_code": "SH", "branch_name": "上海", "argon2_memory_kib": 64,
        "argon2_rounds": 1, "jobs_in_site": False, **values,
    }  # fmt: skip
    return BranchSettings(**given)


async def write_rows(settings: BranchSettings) -> Rows:
    """The cast, their accounts, and one row of everything by Lin."""
    async with open_database(settings.url_of_database, APPS):
        with at_home(settings.home), as_actor(LIN.id):
            await hire(*SHANGHAI)
            await ensure_roles()
            passwords = Passwords(settings)
            for name, member in USERS.items():
                await accounts.create_account(
                    passwords, username=name, display_name=member.name, password=PASSWORD, person_id=member.id,
                    locale="en",
                )  # fmt: skip
            return await lins_day()


async def lins_day() -> Rows:
    """One of everything."""
    me = LIN.person
    customer = await add_customer(
        me, CustomerForm(name="华东机电有限公司", phone="021-5800 1234", city="上海")
    )
    foreign = await add_customer(ZHOU.person, CustomerForm(name="西部机床有限公司", phone="13800138000"))
    contact = await save_contact(me, customer, ContactForm(name="王先生", phone="13900139000"))
    address = await Address.create(branch="SH", customer_id=customer.id, kind="ship_to", line="浦东大道1号")
    done = await record_activity(me, customer, ActivityForm(customer_id=customer.id, subject="问价"))
    planned = await plan_activity(
        me, customer, PlanForm(customer_id=customer.id, subject="回访", planned_on=today())
    )
    employee = await Employee.get(id=LIN.id)
    item = await add_item(me, employee, read_line("14:00 #visit 拜访"), customer_id=customer.id)
    task = await give_task(SUN.person, TaskForm(employee_id=LIN.id, title="收款", customer_id=customer.id))
    feedback = await enter_feedback(me, FeedbackForm(subject="交货晚了", kind="complaint"), customer)
    note = await write_note(me, NoteForm(title="同行降价", kind="competitor", competitor="恒达"))
    deputy = await name_deputy(
        SUN.person, SUN.id, DeputyForm(deputy_id=MANAGER.id, from_on=today(), until_on=today())
    )
    field = await add_custom_field(
        ADMIN.person,
        entity="customer",
        key="vip",
        label="贵宾",
        label_en="VIP",
        kind="tick",
        choices=(),
        required=False,
    )
    opportunity = await enter_opportunity(
        me, customer, OpportunityForm(customer_id=customer.id, title="M-20 电机 10 台", amount="96000")
    )
    directive = await Directive.create(
        branch=COMPANY, number="D-2026-7", kind="decision", title="年底盘点安排", body="12月31日前完成盘点并回复。",
        issued_at=clock.now(), issued_by_name="陈总", status="issued", deadline_on=today() + timedelta(days=3),
    )  # fmt: skip
    for member in (LIN, SUN, MANAGER):
        await DirectiveRecipient.create(
            branch=COMPANY,
            directive_id=directive.id,
            unit_branch="SH",
            employee_id=member.id,
            employee_name=member.name,
        )
    return Rows(
        customer.id, foreign.id, contact.id, address.id, done.id, planned.id, item.id, task.id, feedback.id, note.id,
        deputy.id, field.id, opportunity.id, directive.id,
    )  # fmt: skip


@dataclass(frozen=True)
class BranchSite:
    """A composed site over a database of its own."""

    app: Starlette
    rows: Rows
    settings: BranchSettings


@contextmanager
def branch_site(templates: Templates, engine: str, folder: Path, **values: Any) -> Iterator[BranchSite]:
    """The site, not yet running (`visitor_of` or `Served` runs it); its database is gone afterwards."""
    name = f"tl_site_{token_hex(6)}"
    if engine == "sqlite":
        copyfile(templates.sqlite("branch"), folder / f"{name}.db")
        url = f"sqlite:///{folder / name}.db"
    else:
        name = apart(templates.borrow("branch"))
        url = postgres_url(name)
    settings = settings_of(folder, url, **values)
    try:
        rows: Rows = apart(write_rows(settings))
        yield BranchSite(branch_app(settings), rows, settings)
    finally:
        if engine == "postgres":
            apart(templates.give_back(name))


@contextmanager
def signed_in(site: BranchSite) -> Iterator[dict[str, Visitor]]:
    """Each of the cast in front of a browser of their own, by user name; "nobody" is not signed in."""
    with visitor_of(site.app) as first:
        visitors = {"nobody": first}
        for name in USERS:
            visitors[name] = first.other_browser()
            visitors[name].sign_in(name, PASSWORD)
            visitors[name].open("/me")
        yield visitors
