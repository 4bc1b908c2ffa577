"""What is done with market notes: write, change, take back. Each owns its transaction."""

from branch_node.editing import locked
from branch_node.home import home, today
from branch_node.intelligence.forms import NoteForm
from branch_node.intelligence.rules import NoteLine
from shared import clock
from shared.database import transaction
from shared.errors import Invalid, NotAllowed, NotFound
from shared.i18n import N_
from shared.permissions import Person, Scope, require
from shared.records import Employee, IntelNote


async def add_line(person: Person, line: NoteLine) -> IntelNote:
    """Write a note typed in one line."""
    return await write_note(
        person,
        NoteForm(kind=line.kind, title=line.title, source=line.source, competitor=line.competitor),  # type: ignore[arg-type]
    )


async def write_note(person: Person, form: NoteForm) -> IntelNote:
    """Write a note. Invalid for a day to come."""
    require(person, "intel.edit")
    happened_on = form.happened_on or today()
    if happened_on > today():
        raise Invalid(fields={"happened_on": N_("This day is still to come.")})
    async with transaction():
        writer = await Employee.get_or_none(id=person.id)
        if writer is None:
            raise NotFound()
        return await IntelNote.create(
            branch=home().code,
            owner_id=writer.id,
            department_id=writer.department_id,
            happened_on=happened_on,
            **form.model_dump(exclude={"happened_on"}),
        )


def _refuse_foreign(person: Person, note: IntelNote) -> None:
    """One's own notes; those of others with intel.edit over the branch and the right to assign tasks there."""
    scope = require(person, "intel.edit")
    if note.owner_id != person.id and (scope < Scope.BRANCH or person.scope("task.assign") is None):
        raise NotAllowed(N_("Somebody else wrote this note."), code="intel.foreign")


async def change_note(person: Person, note: IntelNote, form: NoteForm) -> IntelNote:
    """Change a note."""
    _refuse_foreign(person, note)
    async with transaction():
        row = await locked(IntelNote, note.id)
        for name, value in form.model_dump(exclude={"happened_on"}).items():
            setattr(row, name, value)
        row.happened_on = form.happened_on or row.happened_on
        await row.save()
    return row


async def take_back(person: Person, note: IntelNote) -> None:
    """Take a note back; it stays in the log."""
    _refuse_foreign(person, note)
    async with transaction():
        row = await locked(IntelNote, note.id)
        row.deleted_at = clock.now()
        await row.save()
