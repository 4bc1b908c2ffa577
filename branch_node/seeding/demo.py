"""The demo business of one branch, from an empty scene to rows that are ready to be written."""

from branch_node.seeding.catalogue import build_catalogue
from branch_node.seeding.company import Company, build_company
from branch_node.seeding.customers import build_customers, settle_states
from branch_node.seeding.directives import build_receipts
from branch_node.seeding.dunning import follow_up
from branch_node.seeding.execution import carry_out, set_credit
from branch_node.seeding.expenses import build_expenses
from branch_node.seeding.money import build_money
from branch_node.seeding.names import NameBook
from branch_node.seeding.plans import build_plans
from branch_node.seeding.quotes import build_quotes
from branch_node.seeding.sales import build_orders
from branch_node.seeding.scene import Scene
from branch_node.seeding.shares import share_orders
from branch_node.seeding.work import build_work
from shared.demo_company import DEMO_BRANCHES, CompanyTarget, company_rates, company_targets
from shared.records import COMPANY, ExchangeRate, Target, TargetLine


def build_demo(scene: Scene) -> Company:
    """Fill `scene.rows` and `scene.numbers`; later steps read what earlier ones made."""
    book = NameBook(scene.branch, scene.dice("names"))
    company = build_company(scene, book)
    add_company_rows(scene)
    items = build_catalogue(scene)
    buyers = build_customers(scene, book, company)
    deals = build_orders(scene, company, items, buyers)
    build_quotes(scene, company, items, deals, buyers)
    money = build_money(scene, company, deals)
    carry_out(scene, company, deals, money)
    follow_up(scene, company, money)
    set_credit(scene, company, buyers, money, deals)
    settle_states(scene, buyers)
    build_expenses(scene, company, buyers)
    build_work(scene, company, buyers, deals)
    share_orders(scene, company, deals)
    build_plans(scene, company, buyers)
    build_receipts(scene)
    return company


def add_company_rows(scene: Scene) -> None:
    """The company's rates and the targets of this branch as headquarters' own seed writes them, ids included.

    Without them the branch could not post in a foreign currency before headquarters' rows arrive; when these do, they
    are the same rows.
    """
    born, code = scene.instant(scene.first, 0), scene.branch.code
    for rate in company_rates(scene.first, scene.until):
        scene.rows.add(
            ExchangeRate, born, id=rate.id, branch=COMPANY, currency=rate.currency, to_currency=rate.to_currency,
            happened_on=rate.happened_on, rate_e9=rate.rate_e9,
        )  # fmt: skip
    codes = [code] if code in DEMO_BRANCHES else []
    for target in company_targets(codes, scene.first, scene.until):
        if target.branch == code:
            _add_target(scene, born, target)


def _add_target(scene: Scene, born: int, target: CompanyTarget) -> None:
    scene.rows.add(
        Target, born, id=target.id, branch=COMPANY, year=target.year, measure=target.measure, unit_kind="branch",
        unit_branch=target.branch, number=target.number, currency=target.currency, amount=target.amount,
        reason=target.reason, issued_at=born, superseded_at=born if target.is_superseded else None,
    )  # fmt: skip
    for line_id, period, amount in target.lines:
        scene.rows.add(
            TargetLine, born, id=line_id, branch=COMPANY, target_id=target.id, period=period, amount=amount
        )
