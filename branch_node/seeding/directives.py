"""What the cast did with the directives that headquarters' own seed sent: the receipts are the branch's."""

from branch_node.directives.actions import receipt_id
from branch_node.seeding.scene import Scene
from shared.canonical import to_micros
from shared.demo_company import DEMO_CODES
from shared.demo_directives import STEPS, company_directives
from shared.records import DirectiveReceipt

REPORT = ("已完成，清单已上传共享目录。", "Done; the list is in the shared folder.")


def build_receipts(scene: Scene) -> None:
    """A row per directive and recipient whom it has reached; branches outside the demo company get none."""
    codes = [scene.branch.code] if scene.branch.code in DEMO_CODES else []
    for directive in company_directives(codes, scene.months, scene.now):
        for recipient in directive.recipients:
            moments = [to_micros(at) for at in recipient.taken_at]
            if moments:
                taken = {f"{step}_at": at for step, at in zip(STEPS, moments, strict=False)}
                scene.rows.add(
                    DirectiveReceipt, moments[0], recipient.employee_id,
                    id=receipt_id(directive.id, recipient.employee_id), directive_id=directive.id,
                    employee_id=recipient.employee_id, status=recipient.step,
                    note=scene.in_english(*REPORT) if recipient.step == "done" else "", **taken,
                )  # fmt: skip
