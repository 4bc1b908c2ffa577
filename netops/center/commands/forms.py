"""What people type for a command."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from shared.web.forms import Form, FormModel, Instant, Tick, WholeNumber

Reason = Annotated[str, StringConstraints(min_length=3, max_length=500)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
MEBIBYTE = 1024 * 1024


class CommandForm(FormModel):
    """One model for all verbs: a verb takes of it what it has fields for."""

    verb: str
    service: str = ""
    instance: str = ""
    reason: Reason
    lifetime: Literal["now", "until"] = "now"
    until: Instant | None = None
    with_dependants: Tick = False
    queue: Word | None = None
    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] | None = None
    lines: Annotated[WholeNumber, Field(ge=1, le=1000)] = 100
    cpu_percent: Annotated[WholeNumber, Field(ge=1, le=10_000)] | None = None
    memory_mib: Annotated[WholeNumber, Field(ge=16)] | None = None
    pid: Annotated[WholeNumber, Field(ge=2)] | None = None
    created_us: Annotated[WholeNumber, Field(ge=1)] | None = None
    signal: Literal["TERM", "KILL"] = "TERM"
    action: Word | None = None
    invitation: str = ""
    public_key: str = ""
    key_id: str = ""
    password: str = ""
    code: str = ""


class ApprovalForm(FormModel):
    """The second person proves who they are."""

    password: Annotated[str, StringConstraints(min_length=1)]
    code: str = ""


def missing_fields(form: Form[CommandForm], fields: tuple[str, ...]) -> list[str]:
    """The fields that this verb needs and that were left empty. Limits may be lifted; what has a usual value takes that."""
    needed = (name for name in fields if name not in ("cpu_percent", "memory_mib"))
    usual = CommandForm.model_fields
    return [name for name in needed if usual[name].default in (None, "") and not form.text(name).strip()]


def arguments_of(form: CommandForm, fields: tuple[str, ...]) -> dict[str, Any]:
    """The arguments of the verb that has these fields, as they are signed."""
    args: dict[str, Any] = {"service": form.service} if form.service else {}
    for name in fields:
        value = getattr(form, name)
        if name == "memory_mib":
            args["memory_bytes"] = None if value is None else value * MEBIBYTE
        else:
            args[name] = value
    return args


def until_of(form: CommandForm) -> datetime | None:
    """The end of a command that may wait for its node."""
    return form.until if form.lifetime == "until" else None
