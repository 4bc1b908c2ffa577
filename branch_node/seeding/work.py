"""What people did: follow-ups and return visits on every working day, tasks, feedback, notes from the market."""

from collections.abc import Mapping, Sequence
from datetime import date
from random import Random
from uuid import UUID

from branch_node.seeding.company import Company
from branch_node.seeding.customers import Buyer
from branch_node.seeding.sales import Deal
from branch_node.seeding.scene import Scene
from branch_node.seeding.texts import (
    ACTIVITY_NOTES,
    ACTIVITY_SUBJECTS,
    COMPETITOR_NOTES,
    FEEDBACK,
    INDUSTRY_NOTES,
    OUTCOMES,
    RETURN_VISIT,
    RIVALS,
    SOURCES,
    TASKS,
    sentence,
)
from branch_node.seeding.write import Row
from shared.records import Activity, Feedback, IntelNote, Task

KIND_WEIGHTS = (("call", 40), ("visit", 28), ("mail", 17), ("message", 9), ("meeting", 6))
FOLLOWED = ("prospect", "customer")


class Patch:
    """Who looks after whom as the days go by: new customers come in, those of a seller who left are handed over."""

    def __init__(self, company: Company, buyers: Sequence[Buyer]) -> None:
        self.staff = company.staff
        self.coming = sorted(buyers, key=lambda buyer: buyer.row["acquired_on"], reverse=True)
        self.own: dict[UUID, list[Buyer]] = {member.id: [] for member in company.staff}

    def begin(self, day: date) -> None:
        """Bring it up to a day; days come in order."""
        while self.coming and self.coming[-1].row["acquired_on"] <= day:
            buyer = self.coming.pop()
            self.own[buyer.owner_on(day).id].append(buyer)
        for member in self.staff:
            if self.own[member.id] and not member.works_on(day):
                for buyer in self.own.pop(member.id):
                    self.own[buyer.owner_on(day).id].append(buyer)
                self.own[member.id] = []


def build_work(scene: Scene, company: Company, buyers: list[Buyer], deals: Sequence[Deal]) -> None:
    """All of it; call after the customers have their present state."""
    products = sorted({line["text"].rsplit(" ", 2)[0] for deal in deals for line in deal.lines}) or ["SM"]
    newest = _follow_up(scene, company, Patch(company, buyers), deals, products)
    _next_steps(scene, buyers, newest)
    _give_tasks(scene, company, buyers)
    _take_feedback(scene, company, buyers)
    _write_intel(scene, company, buyers)


def _follow_up(
    scene: Scene, company: Company, patch: Patch, deals: Sequence[Deal], products: Sequence[str]
) -> dict[UUID, Row]:
    """One to a few contacts a day by everybody who has customers; two weeks after a shipment a return visit.

    The newest contact by customer."""
    dice = scene.dice("activities")
    newest: dict[UUID, Row] = {}
    shipped: dict[date, list[Deal]] = {}
    for deal in deals:
        if deal.row["shipped_on"] is not None and dice.random() < 0.35:
            back_on = scene.later(deal.row["shipped_on"], dice.randrange(9, 20))
            shipped.setdefault(back_on, []).append(deal)
    a_month = (
        scene.count(scene.branch.follow_ups_per_month) * scene.branch.performance_bp // 10_000 * 92 // 100
    )
    for day in scene.past_workdays:
        patch.begin(day)
        for deal in shipped.get(day, ()):
            newest[deal.buyer.id] = _act(
                scene,
                dice,
                deal.buyer,
                day,
                "visit" if dice.random() < 0.6 else "call",
                products,
                is_return=True,
            )
        sellers = company.sellers(day)
        often = a_month * 100 // (21 * len(sellers))
        for member in sellers:
            own = patch.own[member.id]
            count = often // 100 + (dice.randrange(100) < often % 100) + dice.choice((-1, 0, 0, 1))
            if day == scene.until:
                count = (max(count, 1) * scene.minutes_today + dice.randrange(540)) // 540
            for _ in range(max(count, 0) if own else 0):
                buyer = dice.choices(own, [one.size + 2 for one in own])[0]
                kind = dice.choices([kind for kind, _ in KIND_WEIGHTS], [share for _, share in KIND_WEIGHTS])[
                    0
                ]
                newest[buyer.id] = _act(scene, dice, buyer, day, kind, products)
    return newest


def _act(
    scene: Scene, dice: Random, buyer: Buyer, day: date, kind: str, products: Sequence[str], is_return: bool = False
) -> Row:  # fmt: skip
    """One contact, recorded on the same day."""
    owner = buyer.owner_on(day)
    subjects = RETURN_VISIT if is_return else ACTIVITY_SUBJECTS[kind]
    asks_again = dice.random() < 0.4
    row = scene.rows.add(
        Activity, scene.at(day, dice, 9 * 60 + 10), owner.id, customer_id=buyer.id, owner_id=owner.id,
        contact_id=buyer.contacts[0]["id"] if buyer.contacts and dice.random() < 0.8 else None,
        department_id=owner.department_id, kind=kind, is_return_visit=is_return, happened_on=day,
        subject=sentence(scene.branch.language, subjects, dice, product=dice.choice(products)),
        notes=sentence(scene.branch.language, ACTIVITY_NOTES, dice) if dice.random() < 0.35 else "",
        outcome=dice.choices([code for code, _ in OUTCOMES], [share for _, share in OUTCOMES])[0],
        next_on=scene.later(day, dice.randrange(5, 40)) if asks_again else None,
        minutes=dice.choice((10, 15, 20, 30)) if kind in ("call", "message", "mail") else dice.choice((45, 60, 90, 120)),
    )  # fmt: skip
    buyer.row["last_contact_on"] = day
    return row


def _next_steps(scene: Scene, buyers: Sequence[Buyer], newest: Mapping[UUID, Row]) -> None:
    """The planned contact that the newest one asked for; some are a few days late, long forgotten ones are none."""
    dice = scene.dice("planned")
    for buyer in buyers:
        last = newest.get(buyer.id)
        if last is None:
            continue
        asked = last["next_on"]
        if buyer.row["status"] not in FOLLOWED or asked is None or (scene.until - asked).days > 9:
            last["next_on"] = None
            continue
        kind = dice.choice(("visit", "call", "call"))
        subject = sentence(scene.branch.language, ACTIVITY_SUBJECTS[kind], dice, product="SM")
        scene.rows.add(
            Activity, last["recorded_at"], last["recorded_by"], customer_id=buyer.id, owner_id=buyer.owner.id,
            department_id=buyer.owner.department_id, kind=kind, status="planned", subject=subject, planned_on=asked,
        )  # fmt: skip
        buyer.row["next_contact_on"] = asked


def _give_tasks(scene: Scene, company: Company, buyers: Sequence[Buyer]) -> None:
    """Managers hand out work for three months; most of it is done."""
    dice = scene.dice("tasks")
    days = scene.past_workdays[-65:]
    managers = [company.the("manager"), company.the("customers"), company.the("director")]
    for _ in range(scene.count(90)):
        day, buyer = dice.choice(days), dice.choice(buyers)
        if buyer.row["acquired_on"] > day:
            continue
        owner = buyer.owner_on(day)
        if not owner.works_on(scene.until):
            continue
        giver = dice.choice([one for one in managers if one.id in (owner.row["manager_id"], managers[2].id)])
        due_on = scene.later(day, dice.randrange(2, 14))
        born = scene.at(day, dice, before=16 * 60)
        row = scene.rows.add(
            Task, born, giver.id, employee_id=owner.id, department_id=owner.department_id, assigned_by=giver.id,
            title=sentence(scene.branch.language, TASKS, dice, firm=buyer.short)[:200], customer_id=buyer.id, due_on=due_on,
        )  # fmt: skip
        done_on = scene.later(due_on, dice.randrange(-2, 4))
        if done_on < scene.until and dice.random() < 0.9 and done_on >= day:
            row.update(status="done", done_at=scene.at(done_on, dice, 16 * 60))
        elif dice.random() < 0.12:
            row["status"] = "cancelled"
        elif dice.random() < 0.5:
            row["status"] = "accepted"


def _take_feedback(scene: Scene, company: Company, buyers: Sequence[Buyer]) -> None:
    """Complaints, questions, suggestions and praise of signed customers; the older ones answered and closed."""
    dice = scene.dice("feedback")
    signed = [buyer for buyer in buyers if buyer.row["signed_on"] is not None]
    desk = [company.the("customers"), company.the("service")]
    for _ in range(scene.count(80) if signed else 0):
        buyer, day = dice.choice(signed), dice.choice(scene.past_workdays)
        if buyer.row["signed_on"] >= day:
            continue
        kind = dice.choices(("complaint", "question", "suggestion", "praise"), (40, 30, 18, 12))[0]
        (subject, answer) = dice.choice(FEEDBACK[kind])
        owner, handler, born = buyer.owner_on(day), dice.choice(desk), scene.at(day, dice, before=17 * 60)
        row = scene.rows.add(
            Feedback, born, owner.id, customer_id=buyer.id, owner_id=owner.id, department_id=owner.department_id,
            kind=kind, level="high" if kind == "complaint" and dice.random() < 0.3 else "normal", happened_on=day,
            subject=scene.in_english(*subject), text=scene.in_english(*subject),
        )  # fmt: skip
        answered_on = scene.next_workday(day, dice.randrange(1, 5))
        if answered_on >= scene.until:
            if dice.random() < 0.5:
                row.update(status="assigned", assigned_to=handler.id)
            continue
        at = scene.at(answered_on, dice)
        row.update(
            status="answered", assigned_to=handler.id, answer=scene.in_english(*answer), answered_at=at
        )
        closed_on = scene.next_workday(answered_on, dice.randrange(1, 6))
        if closed_on < scene.until:
            row.update(status="closed", closed_at=scene.at(closed_on, dice))


def _write_intel(scene: Scene, company: Company, buyers: Sequence[Buyer]) -> None:
    """Notes about the trade and about competitors."""
    dice = scene.dice("intel")
    for _ in range(scene.count(70)):
        day = dice.choice(scene.past_workdays)
        author = dice.choice(company.sellers(day))
        is_rival = dice.random() < 0.55
        title, text = dice.choice(COMPETITOR_NOTES if is_rival else INDUSTRY_NOTES)
        rival, buyer = sentence(scene.branch.language, RIVALS, dice), dice.choice(buyers)
        is_about = is_rival and "{firm}" in title[0] and buyer.row["acquired_on"] <= day
        firm = buyer.short if is_about else scene.in_english("某客户", "a customer")
        scene.rows.add(
            IntelNote, scene.at(day, dice), author.id, kind="competitor" if is_rival else "industry",
            owner_id=author.id, department_id=author.department_id, happened_on=day,
            title=scene.in_english(*title).format(rival=rival, firm=firm), text=scene.in_english(*text),
            source=sentence(scene.branch.language, SOURCES, dice), competitor=rival if is_rival else "",
            customer_id=buyer.id if is_about else None, selected=dice.random() < 0.15,
        )  # fmt: skip
