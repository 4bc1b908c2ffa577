"""Refusals: what an action raises when it will not do what was asked.

The message is an English msgid that tells the person what to do; shared.web translates it once, and the JSON
API answers `code`, a stable word. Anything else that is raised is a defect or an outage and is not a Refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared.i18n import N_


class Text(str):
    """A msgid together with the values of its %(name)s fields; a plain str where nobody looks at `params`."""

    __slots__ = ("params",)
    params: dict[str, object]

    def __new__(cls, msgid: str, /, **params: object) -> Text:
        text = super().__new__(cls, msgid)
        text.params = params
        return text


class Refused(Exception):
    """Base of all refusals. `message` is a msgid with %(name)s fields, `params` their values.

    `status` is the HTTP status, `code` the stable word for machines such as "amount.too_much". Values of params
    may be Money, dates or instants: the edge writes them in the reader's language.
    """

    status = 400
    code = "refused"

    def __init__(self, message: str, /, *, code: str | None = None, **params: object) -> None:
        super().__init__(message)
        self.message = message
        self.params: dict[str, object] = {**getattr(message, "params", {}), **params}
        if code is not None:
            self.code = code

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (type(self), self.args, self.__dict__)

    def __str__(self) -> str:
        try:
            return self.message % self.params
        except (KeyError, TypeError, ValueError):
            return f"{self.message} {self.params}"


def _again(kind: type[Refused], args: tuple[object, ...], state: Mapping[str, object]) -> Refused:
    """A refusal as it came from another process, whatever its kind is made from."""
    made = kind.__new__(kind)
    made.args = args
    made.__dict__.update(state)
    return made


class NotFound(Refused):
    """Nothing there, or not for these eyes: outside a person's scope the two are the same answer."""

    status = 404
    code = "not_found"

    def __init__(
        self,
        message: str = N_("Nothing is kept at this address, or it lies outside what you may see."),
        /,
        *,
        code: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(message, code=code, **params)


class NotAllowed(Refused):
    """The person lacks the right; the message names the right and who grants it."""

    status = 403
    code = "forbidden"


class Conflict(Refused):
    """The state of things forbids it: an illegal move, a record changed meanwhile, a closed period."""

    status = 409
    code = "conflict"


class Invalid(Refused):
    """What was entered cannot be taken. `fields` maps a field's name to its msgid (a Text when it has params)."""

    status = 422
    code = "invalid"

    def __init__(
        self,
        message: str = N_("Some entries need correcting."),
        /,
        *,
        fields: Mapping[str, str] | None = None,
        code: str | None = None,
        **params: object,
    ) -> None:
        super().__init__(message, code=code, **params)
        self.fields: dict[str, str] = dict(fields or {})


class TooMany(Refused):
    """Asked too often; may be tried again after `retry_after` seconds."""

    status = 429
    code = "too_many"

    def __init__(
        self, message: str, /, *, retry_after: int, code: str | None = None, **params: object
    ) -> None:
        super().__init__(message, code=code, **params)
        self.retry_after = retry_after


class Unavailable(Refused):
    """Something needed does not answer (HQ, broker, database); may be tried again after `retry_after` seconds."""

    status = 503
    code = "unavailable"

    def __init__(
        self, message: str, /, *, retry_after: int, code: str | None = None, **params: object
    ) -> None:
        super().__init__(message, code=code, **params)
        self.retry_after = retry_after
