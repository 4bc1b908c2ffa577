"""Daily plans of the last sixty working days and of today: what was recorded that day shows what was done."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from random import Random
from uuid import UUID

from branch_node.plans.actions import plan_id
from branch_node.seeding.company import Company, Member
from branch_node.seeding.customers import Buyer
from branch_node.seeding.scene import CLOSING_MINUTE, OPENING_MINUTE, Scene
from branch_node.seeding.texts import CANCELLED, FINANCE_ITEMS, OFFICE_ITEMS, PLAN_TEXTS, RESULTS, sentence
from branch_node.seeding.write import Row
from shared.records import Activity, DailyPlan, Order, PlanItem, Quotation, Receipt, Task

DAYS = 60
ITEM_KIND = {
    "visit": "visit", "meeting": "visit", "call": "call", "mail": "call", "message": "call", "quotation": "quote",
    "receipt": "collect", "order": "other",
}  # fmt: skip
"""Which kind of plan item a record shows to be done, as plans.rules reads it."""


@dataclass(frozen=True)
class Deed:
    """Something recorded by an employee on a day."""

    kind: str
    row: Row
    at: int
    label: str


@dataclass(frozen=True)
class Loose:
    """An item that was carried over and waits for the next plan."""

    row: Row

    @property
    def origin(self) -> UUID:
        return self.row["origin_id"] or self.row["id"]  # type: ignore[no-any-return]


class Planner:
    """Writes the plans of one employee day after day, carrying over what was left."""

    def __init__(
        self, scene: Scene, dice: Random, member: Member, firms: dict[UUID, str], own: list[Buyer]
    ) -> None:
        self.scene, self.dice, self.member, self.firms, self.own = scene, dice, member, firms, own
        self.loose: list[Loose] = []

    def plan(self, day: date, deeds: Sequence[Deed], planned: Iterable[Row], tasks: Iterable[Row]) -> None:
        """One day: items carried here, items that were done, things of the office, an open end or two."""
        is_today = day == self.scene.until
        plan = self._open(day, is_today)
        items = self._carried(plan, day, is_today)
        for deed in [deed for deed in deeds if self.dice.random() < 0.8][:6]:
            items.append(self._done_item(plan, day, deed))
        for row in [*planned, *tasks][:4] if is_today else ():
            items.append(self._asked_item(plan, day, row))
        items += [self._office_item(plan, day, is_today) for _ in range(self.dice.choice((1, 1, 2, 2, 3)))]
        if self.own and self.dice.random() < (0.75 if is_today else 0.42):
            items.append(self._open_item(plan, day))
        for item in items:
            if plan["status"] == "closed" and item["status"] == "planned":
                self._leave(item)
        items.sort(key=lambda item: item["at_time"] or "99")
        for position, item in enumerate(items, 1):
            item["position"] = position

    def _open(self, day: date, is_today: bool) -> Row:
        """The plan: submitted in the morning and closed in the evening, if it has come to that."""
        scene, dice, member = self.scene, self.dice, self.member
        minute = dice.randrange(8 * 60 + 5, 9 * 60)
        plan = scene.rows.add(
            DailyPlan, scene.instant(day, minute), member.id, id=plan_id(member.id, day), employee_id=member.id,
            department_id=member.department_id, happened_on=day,
        )  # fmt: skip
        is_started = not is_today or scene.minutes_today > 0
        is_over = not is_today or scene.minutes_today >= CLOSING_MINUTE - OPENING_MINUTE
        if is_started and (not is_today or dice.random() < 0.88):
            plan.update(status="submitted", submitted_at=scene.instant(day, minute + dice.randrange(4, 25)))
        if is_over and plan["status"] == "submitted" and (not is_today or dice.random() < 0.75):
            plan.update(
                status="closed", closed_at=scene.instant(day, dice.randrange(17 * 60 + 40, 18 * 60 + 40))
            )
        return plan

    def _item(
        self, plan: Row, day: date, minute: int, kind: str, text: str, customer_id: UUID | None = None
    ) -> Row:
        return self.scene.rows.add(
            PlanItem, plan["recorded_at"] + 1_000, self.member.id, plan_id=plan["id"], employee_id=self.member.id,
            department_id=self.member.department_id, happened_on=day, kind=kind, text=text[:300],
            customer_id=customer_id, at_time=f"{minute // 60:02d}:{minute % 60:02d}" if minute else "",
            important=self.dice.random() < 0.08,
        )  # fmt: skip

    def _done_item(self, plan: Row, day: date, deed: Deed) -> Row:
        """An item that a record shows to be done, planned for about the time when it was."""
        scene, dice = self.scene, self.dice
        firm = self.firms.get(deed.row["customer_id"], "")
        text = "order" if deed.kind == "order" else ITEM_KIND[deed.kind]
        item = self._item(
            plan, day, scene.minute_of(deed.at) // 30 * 30, ITEM_KIND[deed.kind],
            sentence(scene.branch.language, PLAN_TEXTS[text], dice, firm=firm), deed.row["customer_id"],
        )  # fmt: skip
        item.update(
            status="done",
            done_at=deed.at,
            proof_kind=deed.kind,
            proof_id=deed.row["id"],
            result=deed.label[:300],
        )
        return item

    def _asked_item(self, plan: Row, day: date, row: Row) -> Row:
        """A contact planned for today or a task due: still to do."""
        is_task = "assigned_by" in row
        customer_id = row["customer_id"]
        kind = "other" if is_task else "visit" if row["kind"] in ("visit", "meeting") else "call"
        firm = self.firms.get(customer_id, "")
        text = (
            row["title"]
            if is_task
            else sentence(self.scene.branch.language, PLAN_TEXTS[kind], self.dice, firm=firm)
        )
        minute = max(
            OPENING_MINUTE + self.scene.minutes_today // 30 * 30 + self.dice.randrange(1, 6) * 30, 600
        )
        item = self._item(plan, day, min(minute, 17 * 60 + 30), kind, text, customer_id)
        item["task_id"] = row["id"] if is_task else None
        return item

    def _office_item(self, plan: Row, day: date, is_today: bool) -> Row:
        """Something without a customer; done when its time has come."""
        texts = FINANCE_ITEMS if self.member.post.role == "finance" else OFFICE_ITEMS
        minute = OPENING_MINUTE + self.dice.randrange(0, 17) * 30
        item = self._item(plan, day, minute, "other", sentence(self.scene.branch.language, texts, self.dice))
        is_due = not is_today or minute - OPENING_MINUTE + 30 <= self.scene.minutes_today
        if is_due and (plan["status"] == "closed" or self.dice.random() < 0.8):
            self._finish(item, day, minute + 25, is_today)
        return item

    def _finish(self, item: Row, day: date, minute: int, is_today: bool) -> None:
        at = self.scene.wall(day, minute) if is_today else self.scene.instant(day, minute)
        item.update(
            status="done", done_at=at, result=sentence(self.scene.branch.language, RESULTS, self.dice)
        )

    def _open_item(self, plan: Row, day: date) -> Row:
        """Something with a customer that did not come about: still open today, else carried over or cancelled."""
        buyer, kind = self.dice.choice(self.own), self.dice.choice(("visit", "call", "quote", "collect"))
        minute = self.dice.randrange(27, 35) * 30
        text = sentence(self.scene.branch.language, PLAN_TEXTS[kind], self.dice, firm=buyer.short)
        return self._item(plan, day, minute, kind, text, buyer.id)

    def _leave(self, item: Row) -> None:
        """At the close what is open is carried over, or cancelled."""
        if self.dice.random() < 0.72 and item["carried_count"] < 3:
            item["status"] = "carried_over"
            self.loose.append(Loose(item))
        else:
            item.update(status="cancelled", result=sentence(self.scene.branch.language, CANCELLED, self.dice))

    def _carried(self, plan: Row, day: date, is_today: bool) -> list[Row]:
        """What was left is taken up again; of today's a part still waits above the plan."""
        taken, waiting = self.loose, []
        if is_today:
            taken, waiting = [one for one in taken if self.dice.random() < 0.5], taken
        self.loose = [one for one in waiting if one not in taken]
        found = []
        for one in taken:
            before = one.row
            item = self._item(plan, day, 0, before["kind"], before["text"], before["customer_id"])
            item.update(
                origin_id=one.origin, carried_count=before["carried_count"] + 1, important=before["important"]
            )
            found.append(item)
            if not is_today and self.dice.random() < 0.7:
                self._finish(item, day, self.dice.randrange(OPENING_MINUTE, CLOSING_MINUTE), is_today)
        return found


def build_plans(scene: Scene, company: Company, buyers: Sequence[Buyer]) -> None:
    """Plans of everybody who was at work; one in twenty-five days somebody was away, the cast never today."""
    dice = scene.dice("plans")
    days = scene.workdays[-DAYS - 1 :]
    deeds = _deeds(scene, days[0])
    firms = {buyer.id: buyer.short for buyer in buyers}
    planned, tasks = _asked(scene)
    own: dict[UUID, list[Buyer]] = defaultdict(list)
    for buyer in buyers:
        if buyer.row["acquired_on"] < days[0]:
            own[buyer.owner.id].append(buyer)
    for member in company.staff:
        planner = Planner(scene, dice, member, firms, own[member.id])
        for day in days:
            is_early = day == scene.until and scene.minutes_today == 0
            is_shown = day == scene.until and bool(member.username)
            if member.works_on(day) and (dice.random() < (0.4 if is_early else 0.96) or is_shown):
                planner.plan(day, deeds[member.id, day], planned[member.id], tasks[member.id])


def _deeds(scene: Scene, since: date) -> dict[tuple[UUID, date], list[Deed]]:
    """What each employee recorded on each day, in the order of time."""
    found: dict[tuple[UUID, date], list[Deed]] = defaultdict(list)
    for model, kind in ((Activity, ""), (Quotation, "quotation"), (Order, "order"), (Receipt, "receipt")):
        for row in scene.rows.of(model):
            day = row["happened_on"]
            if day is None or day < since or row["status"] in ("planned", "reversed"):
                continue
            label = row["subject"] if model is Activity else row["number"]
            found[row["owner_id"], day].append(Deed(kind or row["kind"], row, row["recorded_at"], label))
    for deeds in found.values():
        deeds.sort(key=lambda deed: deed.at)
    return found


def _asked(scene: Scene) -> tuple[dict[UUID, list[Row]], dict[UUID, list[Row]]]:
    """Contacts planned for today and open tasks due by today, by employee."""
    planned: dict[UUID, list[Row]] = defaultdict(list)
    tasks: dict[UUID, list[Row]] = defaultdict(list)
    for row in scene.rows.of(Activity):
        if row["status"] == "planned" and row["planned_on"] == scene.until:
            planned[row["owner_id"]].append(row)
    for row in scene.rows.of(Task):
        if row["status"] in ("open", "accepted") and row["due_on"] <= scene.until:
            tasks[row["employee_id"]].append(row)
    return planned, tasks
