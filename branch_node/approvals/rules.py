"""Who may approve what, and why it needs somebody: discount, credit, deputies. Pure.

A document is never approved by its author, also not through a deputy. A discount above the author's limit needs
an approver whose own limit covers it; a deputy approves with the limit of the person he or she stands in for.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.transitions import moves
from shared.errors import Conflict, Invalid, NotAllowed
from shared.i18n import N_
from shared.money import round_half_even

REQUEST = moves(
    {
        "waiting": N_("The request for %(number)s waits for a decision."),
        "approved": N_("%(number)s has been approved already. Reload the page."),
        "rejected": N_("%(number)s has been refused already. Reload the page."),
        "void": N_("%(number)s was changed or withdrawn. It waits for no decision any more."),
    },
    ("approve", "waiting", "approved", "order.approve", "decided_at"),
    ("reject", "waiting", "rejected", "order.approve", "decided_at"),
    ("void", "waiting approved", "void", "order.edit", "decided_at"),
)


# --- reasons ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CreditStanding:
    """A customer's credit in the branch's base currency, with one more order.

    `open_minor` is what remains to be paid of all approved orders, delivered or not (receivables exist from
    approval, so an approved undelivered order is in it once); `undelivered_minor` is the part of it that belongs
    to orders not yet shipped. `limit_minor` None: no limit was set.
    """

    limit_minor: int | None
    open_minor: int
    undelivered_minor: int
    order_minor: int
    has_hold: bool = False

    @property
    def exposure_minor(self) -> int:
        """Open remaining, approved undelivered included, and this order."""
        return self.open_minor + self.order_minor

    @property
    def used_bp(self) -> int | None:
        """Share of the limit in use with this order; None without a limit, rounded up."""
        if not self.limit_minor:
            return None
        return -(-self.exposure_minor * 10_000 // self.limit_minor)

    @property
    def is_over(self) -> bool:
        """Whether this order takes the customer over the limit."""
        return self.limit_minor is not None and self.exposure_minor > self.limit_minor


def reasons(
    *, effective_bp: int, author_limit_bp: int, credit: CreditStanding | None = None
) -> list[dict[str, Any]]:
    """Why a document needs more than a look: a list for ApprovalRequest.reasons, empty when nothing is special.

    {"code": "discount", "effective_bp", "limit_bp"} or {"code": "credit", "exposure_minor", "limit_minor",
    "open_minor", "undelivered_minor", "order_minor"} in the base currency, or {"code": "hold"}.
    """
    found: list[dict[str, Any]] = []
    if effective_bp > author_limit_bp:
        found.append({"code": "discount", "effective_bp": effective_bp, "limit_bp": author_limit_bp})
    if credit is not None and credit.is_over:
        found.append(
            {
                "code": "credit",
                "exposure_minor": credit.exposure_minor,
                "limit_minor": credit.limit_minor,
                "open_minor": credit.open_minor,
                "undelivered_minor": credit.undelivered_minor,
                "order_minor": credit.order_minor,
            }
        )
    if credit is not None and credit.has_hold:
        found.append({"code": "hold"})
    return found


def needed_limit(found: Sequence[Mapping[str, Any]]) -> int:
    """The discount limit an approver must have, in basis points; 0 when the discount is within the author's."""
    return max((int(reason["effective_bp"]) for reason in found if reason["code"] == "discount"), default=0)


def require_no_hold(credit: CreditStanding | None, customer: str) -> None:
    """Conflict (credit.hold) when the customer is on credit hold: entry goes on, approval does not."""
    if credit is not None and credit.has_hold:
        raise Conflict(
            N_("%(customer)s is on credit hold. Lift the hold on the customer's page first, then approve."),
            code="credit.hold",
            customer=customer,
        )


# --- further steps ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class StepRule:
    """When documents need a further decision: `when` is amount (base minor units above `threshold`), discount (basis
    points above it) or credit (over the sales limit). `role_code` names who decides."""

    name: str
    when: str
    threshold: int
    role_code: str
    position: int = 1


def further_steps(
    rules: Sequence[StepRule], found: Sequence[Mapping[str, Any]], base_minor: int, effective_bp: int
) -> list[StepRule]:
    """The rules that a document meets, in order; a role that is asked twice is asked once, by its first rule."""
    holds = {
        "amount": lambda rule: base_minor > rule.threshold,
        "discount": lambda rule: effective_bp > rule.threshold,
        "credit": lambda _rule: any(reason["code"] == "credit" for reason in found),
    }
    steps: dict[str, StepRule] = {}
    for rule in sorted(rules, key=lambda one: (one.position, one.name)):
        if holds[rule.when](rule):
            steps.setdefault(rule.role_code, rule)
    return list(steps.values())


# --- who decides ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Approver:
    """Somebody with the right to approve documents like this one, within whose reach it lies."""

    id: UUID
    name: str
    limit_bp: int


@dataclass(frozen=True)
class Deputy:
    """`deputy_id` stands in for `employee_id` on the days from `from_on` to `until_on`, both included."""

    employee_id: UUID
    deputy_id: UUID
    from_on: date
    until_on: date

    def holds(self, day: date) -> bool:
        return self.from_on <= day <= self.until_on


@dataclass(frozen=True)
class Decision:
    """In what quality somebody decides: in his or her own right, or for `acted_for`."""

    approver: Approver
    acted_for: UUID | None = None


def deciders(
    decider_id: UUID, approvers: Sequence[Approver], deputies: Sequence[Deputy], today: date
) -> list[Decision]:
    """The qualities in which a person might decide today: own right first, then as a deputy, widest limit first."""
    by_id = {approver.id: approver for approver in approvers}
    own = [Decision(by_id[decider_id])] if decider_id in by_id else []
    stood_in_for = {
        row.employee_id for row in deputies if row.deputy_id == decider_id and row.holds(today)
    } - {decider_id}
    acting = [Decision(by_id[person], person) for person in stood_in_for if person in by_id]
    return own + sorted(acting, key=lambda found: (-found.approver.limit_bp, str(found.approver.id)))


def judge(
    decider_id: UUID,
    authors: Collection[UUID],
    needed_bp: int,
    approvers: Sequence[Approver],
    deputies: Sequence[Deputy],
    today: date,
) -> Decision:
    """In what quality `decider_id` may approve a document of `authors`.

    Raises NotAllowed: approval.own for an author (and for whoever would act in an author's place),
    approval.forbidden without the right, discount.above_limit, naming who can, when no limit covers it.
    """
    able = covering(approvers, authors, needed_bp)
    if decider_id in authors:
        raise _refusal(
            "approval.own",
            N_("You wrote this yourself, so somebody else must approve it. Ask %(names)s."),
            N_(
                "You wrote this yourself and nobody else may approve it. Ask the administrator to name an approver."
            ),
            able,
        )
    possible = deciders(decider_id, approvers, deputies, today)
    apart = [found for found in possible if found.acted_for not in authors]
    if not apart:
        raise _refusal(
            "approval.forbidden",
            N_("This is for %(names)s to approve. A deputy can be named for the days of an absence."),
            N_("Nobody may approve this yet. Ask the administrator to name an approver."),
            able,
        )
    for found in apart:
        if found.approver.limit_bp >= needed_bp:
            return found
    raise _above_limit(needed_bp, max(found.approver.limit_bp for found in apart), able)


def _above_limit(needed_bp: int, limit_bp: int, able: Sequence[Approver]) -> NotAllowed:
    discount, limit = above_texts(needed_bp, limit_bp)
    return _refusal(
        "discount.above_limit",
        N_("The effective discount of %(discount)s is above your limit of %(limit)s. Ask %(names)s."),
        N_(
            "The effective discount of %(discount)s is above your limit of %(limit)s and above everybody else's. "
            "Refuse it, or ask the administrator to raise a limit."
        ),
        able,
        discount=discount,
        limit=limit,
    )


def _refusal(code: str, message: str, nobody: str, able: Sequence[Approver], **params: object) -> NotAllowed:
    """The sentence that names who can, or the one for when nobody can."""
    if able:
        return NotAllowed(message, code=code, names=names_of(able), **params)
    return NotAllowed(nobody, code=code, **params)


def may_refuse(
    decider_id: UUID,
    authors: Collection[UUID],
    approvers: Sequence[Approver],
    deputies: Sequence[Deputy],
    today: date,
) -> Decision:
    """Refusing needs the same right but no limit. Raises as `judge`."""
    return judge(decider_id, authors, 0, approvers, deputies, today)


def covering(approvers: Sequence[Approver], authors: Collection[UUID], needed_bp: int) -> list[Approver]:
    """Who can approve: not an author, limit wide enough; the narrowest sufficient limit first."""
    found = [row for row in approvers if row.id not in authors and row.limit_bp >= needed_bp]
    return sorted(found, key=lambda row: (row.limit_bp, row.name))


def names_of(approvers: Sequence[Approver], most: int = 3) -> str:
    """Up to three names with their limits."""
    return " / ".join(f"{row.name} ({percent_text(row.limit_bp)})" for row in approvers[:most])


def percent_text(bp: int) -> str:
    """1376 -> 13.8%"""
    tenths = round_half_even(bp, 10)
    return f"{tenths // 10}.{tenths % 10}%"


def above_texts(bp: int, limit_bp: int) -> tuple[str, str]:
    """A discount and the limit it is above, with as many decimals as it takes to tell them apart."""
    shown, limit = percent_text(bp), percent_text(limit_bp)
    if shown != limit:
        return shown, limit
    return f"{bp // 100}.{bp % 100:02d}%", f"{limit_bp // 100}.{limit_bp % 100:02d}%"


def require_reason(text: str) -> str:
    """The reason of a refusal without blanks around it; Invalid when there is none."""
    if not text.strip():
        missing = N_("Say why, so that the author knows what to change.")
        raise Invalid(missing, fields={"reason": missing}, code="approval.reason")
    return text.strip()
