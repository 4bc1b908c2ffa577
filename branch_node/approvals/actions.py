"""Ask for approval, decide, void. One request per submission; a decision is made once, whoever clicks at the same time."""

from collections.abc import Collection
from typing import Literal
from uuid import UUID

from branch_node.approvals.queries import URL_OF, VIEW_OF, deputies_on, next_steps, request_by_id
from branch_node.approvals.rules import REQUEST, covering, deciders, judge, may_refuse, require_reason
from branch_node.approvals.subjects import Subject, approve, asked_of, reject, rules_met, subject_of
from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.notifications.actions import tell
from shared import clock
from shared.database import find_all, transaction
from shared.errors import Conflict, NotFound
from shared.i18n import N_
from shared.permissions import Person, reach
from shared.records import ApprovalRequest, ApprovalStep

WAITS = N_("%(number)s over %(amount)s waits for your approval.")
APPROVED = N_("%(number)s was approved by %(name)s.")
REFUSED = N_("%(number)s was refused by %(name)s: %(comment)s")


async def ask(subject: Subject, requested_by: UUID) -> ApprovalRequest:
    """Put a document before its approvers, inside the caller's transaction that locked it; older requests are void."""
    await void_requests(subject.entity, subject.row.id, ("waiting", "approved"))
    request = await ApprovalRequest.create(
        branch=home().code,
        entity=subject.entity,
        entity_id=subject.row.id,
        requested_by=requested_by,
        department_id=subject.row.department_id,
        reasons=list(subject.reasons),
        document_hash=subject.document_hash,
        amount_minor=subject.amount.minor,
        currency=subject.amount.currency,
        happened_on=today(),
    )
    first = await ApprovalStep.create(
        branch=home().code, request_id=request.id, needs_action=subject.action, position=1
    )
    for place, rule in enumerate(await rules_met(subject), 2):
        await ApprovalStep.create(
            branch=home().code,
            request_id=request.id,
            role_code=rule.role_code,
            reason=rule.name,
            position=place,
        )
    await tell_approvers(subject, request, first)
    return request


async def tell_approvers(subject: Subject, request: ApprovalRequest, step: ApprovalStep) -> None:
    """Tell those who can decide a step, and who stands in for them today."""
    approvers, needed = await asked_of(subject, step)
    able = {one.id for one in covering(approvers, subject.authors, needed)}
    able |= {row.deputy_id for row in await deputies_on(today()) if row.employee_id in able}
    await tell(
        able - subject.authors,
        "approval",
        WAITS,
        f"/approvals/{request.id}",
        f"approval:{step.id}",
        number=subject.number,
        amount=subject.amount,
    )


async def void_requests(entity: str, entity_id: UUID, statuses: Collection[str] = ("waiting",)) -> int:
    """Requests about a document that was changed, withdrawn or cancelled are void; how many. Inside a transaction."""
    condition = "entity = :entity AND entity_id = :id AND status IN :statuses AND deleted_at IS NULL"
    rows = await find_all(
        ApprovalRequest, condition, entity=entity, id=entity_id, statuses=list(statuses), lock=True
    )
    for row in rows:
        row.status = "void"
        await row.save()
    return len(rows)


async def has_approval(subject: Subject) -> bool:
    """Whether exactly this content was approved: the hash of what was approved is the hash of what is."""
    return await ApprovalRequest.filter(
        entity=subject.entity,
        entity_id=subject.row.id,
        status="approved",
        document_hash=subject.document_hash,
        deleted_at=None,
    ).exists()


async def decide(
    person: Person, request_id: UUID, verdict: Literal["approve", "reject"], comment: str, seen: str = ""
) -> ApprovalRequest:
    """`decide_on` the request with this id; NotFound when there is none."""
    return await decide_on(person, await request_by_id(request_id), verdict, comment, seen)


async def decide_on(
    person: Person,
    waiting: ApprovalRequest,
    verdict: Literal["approve", "reject"],
    comment: str,
    seen: str = "",
) -> ApprovalRequest:
    """Approve or refuse a request that was read before.

    1. lock the document, its request, its customer  2. is it still waiting, unchanged, and as it was seen?
    3. may this person decide the step it stands at, in own right or as a deputy?  4. after the last step put it into
    effect, or send it back  5. note who decided, and for whom; tell the author or those asked next. Two at once: the second waits at 1 and is refused at 2. Raises NotFound, NotAllowed (with who
    can), Conflict, and Invalid for a refusal without a reason.
    """
    async with transaction():
        subject = await subject_of(waiting.entity, waiting.entity_id, waiting.requested_by, lock=True)
        request = await locked(ApprovalRequest, waiting.id)
        step, following = await next_steps(request.id)
        approvers, needed = await asked_of(subject, step)
        deputies = await deputies_on(today())
        if not sees(person, subject) and not deciders(person.id, approvers, deputies, today()):
            raise NotFound()
        status = REQUEST.target(verdict, request.status, subject.number)
        _require_unchanged(request, subject, seen)
        if verdict == "approve":
            found = judge(person.id, subject.authors, needed, approvers, deputies, today())
            if step is not None and following is not None:
                await _note_step(step, "approved", person.id, found.acted_for, comment)
                await tell_approvers(subject, request, following)
                return request
            await approve(subject, person.id)
        else:
            found = may_refuse(person.id, subject.authors, approvers, deputies, today())
            await reject(subject, require_reason(comment))
        request.status, request.decided_at = status, clock.now()
        request.reasons = list(subject.reasons)
        await request.save(update_fields=["status", "decided_at", "reasons"])
        step = step or ApprovalStep(branch=request.branch, request_id=request.id)
        await _note_step(step, status, person.id, found.acted_for, comment)
        text = APPROVED if status == "approved" else REFUSED
        await tell(
            subject.authors - {person.id}, "decided", text, f"{URL_OF[request.entity]}/{request.entity_id}",
            f"decided:{request.id}", number=subject.number, name=person.name, comment=comment.strip(),
        )  # fmt: skip
    return request


def sees(person: Person, subject: Subject) -> bool:
    """Whether the document itself lies within the person's view, or is the person's own."""
    action = VIEW_OF[subject.entity]
    if person.id in subject.authors:
        return True
    return person.may(action) and reach(person, action).covers(
        owner=subject.row.owner_id, department=subject.row.department_id, branch=subject.row.branch
    )


def _require_unchanged(request: ApprovalRequest, subject: Subject, seen: str) -> None:
    if request.document_hash != subject.document_hash:
        raise Conflict(
            N_("%(number)s was changed after it was submitted. Have it submitted again."),
            code="approval.changed",
            number=subject.number,
        )
    if seen and seen != subject.seen:
        raise Conflict(
            N_("Credit or limits behind %(number)s changed while you were reading. Look again, then decide."),
            code="approval.changed",
            number=subject.number,
        )


async def _note_step(step: ApprovalStep, status: str, by: UUID, acted_for: UUID | None, comment: str) -> None:
    step.status, step.decided_by, step.acted_for = status, by, acted_for
    step.decided_at, step.comment = clock.now(), comment.strip()
    await step.save()
