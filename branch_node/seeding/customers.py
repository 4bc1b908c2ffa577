"""Customers: who they are, who looks after them, how they behave as buyers and payers."""

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from uuid import UUID

from branch_node.customers.rules import email_key, keys_of, phone_key
from branch_node.searching import search_key
from branch_node.seeding.company import Company, Member
from branch_node.seeding.names import COUNTRIES, Firm, NameBook, Place
from branch_node.seeding.scene import Scene
from branch_node.seeding.write import Row
from shared.periods import add_months
from shared.records import Address, Contact, ContactPoint, Customer

KNOWN_BEFORE = 125
"""Customers whom the branch knew before its books begin; many of them buy in the first months."""

POSITIONS = (
    ("采购经理", "Purchasing manager"), ("采购主管", "Purchaser"), ("设备部长", "Head of equipment"),
    ("总经理", "General manager"), ("技术总监", "Technical director"), ("财务经理", "Finance manager"),
    ("生产经理", "Production manager"), ("项目经理", "Project manager"),
)  # fmt: skip
KINDS = ("manufacturer", "manufacturer", "dealer", "end_user", "end_user", "public")
LEAD_SOURCES = ("visit", "exhibition", "referral", "website", "call", "tender")
BANKS = {
    "zh": ("东海商业银行", "江岸银行", "中原农商银行"),
    "fr": ("Banque de la Rivière", "Crédit du Marais"),
    "en": ("Harborline Bank", "First Meadow Bank"),
    "ja": ("海浜銀行", "若葉信用金庫"),
}

# how a customer pays: share in percent, earliest and latest day after the due date
PAYERS = (
    ("early", 18, -6, 0),
    ("punctual", 51, 0, 4),
    ("slow", 23, 5, 32),
    ("bad", 6, 35, 120),
    ("never", 2, 0, 0),
)
LARGE = 4
"""From this size on a customer pays in the end: the branch would not go on selling otherwise."""


@dataclass
class Buyer:
    """A customer with what the simulation needs to know about it."""

    row: Row
    firm: Firm
    owner: Member
    payer: str
    size: int
    earlier_owner: Member | None = None
    contacts: list[Row] = field(default_factory=list)
    orders: list[Row] = field(default_factory=list)

    @property
    def id(self) -> UUID:
        return self.row["id"]  # type: ignore[no-any-return]

    @property
    def short(self) -> str:
        """What colleagues call the firm."""
        return self.firm.short

    def owner_on(self, day: date) -> Member:
        """Who looked after it on a day: the seller who left, until then."""
        if self.earlier_owner is not None and self.earlier_owner.works_on(day):
            return self.earlier_owner
        return self.owner


def build_customers(scene: Scene, book: NameBook, company: Company) -> list[Buyer]:
    """All customers in the order in which they were won, with contacts, addresses and ways to reach them."""
    dice = scene.dice("customers")
    days = _winning_days(scene, dice)
    return [_add_customer(scene, book, company, dice, day) for day in days]


def _winning_days(scene: Scene, dice: Random) -> list[date]:
    """When each customer was won: the known ones in the two years before, then month by month about as planned."""
    days = [scene.first - timedelta(days=dice.randrange(3, 730)) for _ in range(scene.count(KNOWN_BEFORE))]
    branch = scene.branch
    for month in scene.calendar:
        workdays = scene.workdays_of(month)
        share = scene.passed_bp(month) * (100 + branch.season[month.first.month - 1]) * branch.performance_bp
        wanted = scene.count(1_000) * branch.new_customers_per_month * share // (200 * 10_000 * 10_000)
        number = (wanted + dice.randrange(-800, 801)) // 1_000 if scene.scale == 1.0 else wanted // 1_000
        days += [dice.choice(workdays) for _ in range(max(number, 0)) if workdays]
    if scene.minutes_today >= 60:
        days.append(scene.until)
    return sorted(days)


def _add_customer(scene: Scene, book: NameBook, company: Company, dice: Random, acquired_on: date) -> Buyer:
    place = book.place()
    firm = book.firm(place)
    born = scene.at(max(acquired_on, scene.first - timedelta(days=1)), dice)
    owner, earlier = _owners(scene, company, dice, max(acquired_on, scene.first))
    street, phone = book.street(), book.phone(place)
    email, code = f"info@{firm.domain}", scene.number("customer", "C")
    tax_number = f"{dice.choice('ABCDEFGH')}{dice.randrange(10**11):011d}"
    keys = keys_of(firm.name, phone, email, tax_number, scene.branch.country)
    size = dice.choices((1, 2, 4, 9), (40, 35, 18, 7))[0]
    habits = PAYERS[:3] if size >= LARGE else PAYERS
    payer = dice.choices([row[0] for row in habits], [row[1] for row in habits])[0]
    is_foreign = dice.random() < 0.06
    row = scene.rows.add(
        Customer, born, (earlier or owner).id, code=code, name=firm.name, name_key=keys.name,
        search_key=search_key(firm.name, code, *keys.points, phone, tax_number), kind=dice.choice(KINDS),
        group="A" if size == 9 else "B" if size == 4 else "C", region=scene.branch.region, industry=firm.industry,
        source=dice.choice(LEAD_SOURCES), owner_id=owner.id, department_id=owner.department_id, phone=phone,
        email=email, website=f"https://www.{firm.domain}", address=street, city=place.city, state=place.state,
        postcode=book.postcode(place), country=COUNTRIES[scene.branch.language],
        currency=scene.branch.foreign_currency if is_foreign else scene.branch.currency,
        tax_number=tax_number, tax_rule="general",
        bank_name=dice.choice(BANKS[scene.branch.language]), bank_account=f"{dice.randrange(10**15):015d}",
        payment_terms_days=dice.choice((30, 30, 30, 45, 60)), acquired_on=acquired_on,
        ship_to=f"{place.city} {street}", invoice_to=f"{place.city} {street}",
    )  # fmt: skip
    buyer = Buyer(row, firm, owner, payer, size, earlier)
    _add_contacts(scene, book, dice, buyer, place, born)
    return buyer


def _owners(scene: Scene, company: Company, dice: Random, day: date) -> tuple[Member, Member | None]:
    """Today's owner, and the one before: customers of the seller who left went to colleagues."""
    sellers = company.sellers(day)
    first = dice.choices(sellers, [1 if member.post.slot == "service" else 3 for member in sellers])[0]
    if first.row["left_on"] is None:
        return first, None
    heirs = company.sellers(first.row["left_on"] + timedelta(days=1))
    return dice.choice([one for one in heirs if one.post.slot != "service"]), first


def _add_contacts(scene: Scene, book: NameBook, dice: Random, buyer: Buyer, place: Place, born: int) -> None:
    """One to three people with their telephones, the firm's own number, sometimes a second address."""
    by, customer_id = buyer.row["recorded_by"], buyer.id
    _point(scene, born, by, customer_id, None, "phone", buyer.row["phone"])
    _point(scene, born, by, customer_id, None, "email", buyer.row["email"])
    for number in range(1 + (dice.random() < 0.4) + (buyer.size > 2)):
        person = book.person()
        contact = scene.rows.add(
            Contact, born, by, customer_id=customer_id, name=person.name, is_main=number == 0,
            position=scene.in_english(*dice.choice(POSITIONS)),
        )  # fmt: skip
        buyer.contacts.append(contact)
        _point(scene, born, by, customer_id, contact["id"], "phone", book.mobile())
        if number == 0 or dice.random() < 0.4:
            _point(
                scene, born, by, customer_id, contact["id"], "email", f"{person.latin}@{buyer.firm.domain}"
            )
    if dice.random() < 0.3:
        scene.rows.add(
            Address, born, by, customer_id=customer_id, kind="ship_to", line=book.street(), city=place.city,
            state=place.state, postcode=book.postcode(place), country=buyer.row["country"],
        )  # fmt: skip


def _point(
    scene: Scene, born: int, by: UUID, customer_id: UUID, contact_id: UUID | None, kind: str, value: str
) -> None:
    scene.rows.add(
        ContactPoint, born, by, customer_id=customer_id, contact_id=contact_id, kind=kind, value=value,
        key=phone_key(value, scene.branch.country) if kind == "phone" else email_key(value),
    )  # fmt: skip


def settle_states(scene: Scene, buyers: list[Buyer]) -> None:
    """Give every customer its present state: prospect until signed; long without an order: dormant; a few lost."""
    dice = scene.dice("states")
    quiet_since = add_months(scene.until, -8)
    for buyer in buyers:
        if buyer.row["signed_on"] is None:
            is_old = buyer.row["acquired_on"] < add_months(scene.until, -9)
            buyer.row["status"] = "lost" if is_old and dice.random() < 0.35 else "prospect"
            continue
        newest = max(order["happened_on"] for order in buyer.orders)
        buyer.row["status"] = "dormant" if newest < quiet_since else "customer"
