"""What a command was ordered with and what its node answered, in words that people read. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec

from netops.center.alerts.words import METRICS, value_text
from netops.center.commands import rules
from netops.center.commands.words import ARGUMENT_WORDS, RESULT_WORDS, SAID_WORDS
from netops.center.telemetry.lines import readable_with_time
from shared.i18n import gettext as _
from shared.web.filters import instant, number

MEASURED_LINES = 200
UNITS = ("_ratio", "_bytes", "_seconds", "_per_second")
"""How the names of measured values end that have a unit."""
Facts = Sequence[tuple[str, str]]


def arguments_shown(arguments: Mapping[str, Any]) -> Facts:
    """Each argument under the name that its box has; what is secret has a sign in its place."""
    return [
        (_word(ARGUMENT_WORDS, name), _shown(value))
        for name, value in rules.without_secrets(arguments).items()
    ]


def result_shown(result: Mapping[str, Any], *, with_secrets: bool) -> Facts:
    """Each value of a result under its name. What a promotion printed last is told value by value."""
    facts: list[tuple[str, str]] = []
    for name, value in result.items():
        if name in rules.SECRET_VALUES and not with_secrets:
            continue
        said = _said_at_last(str(value)) if name == "output" else {}
        if said:
            facts += [
                (_(label), _said(said[key])) for key, label in SAID_WORDS.items() if said.get(key) is not None
            ]
        elif name == "lines":
            facts.append((_word(RESULT_WORDS, name), _listed(value, readable_with_time)))
        else:
            facts.append((_word(RESULT_WORDS, name), _word(RESULT_WORDS, _shown(value))))
    return facts


def _word(words: Mapping[str, str], text: str) -> str:
    """A node's word in the reader's language; what is no such word stays as the node said it."""
    return _(words[text]) if text in words else text


def _said_at_last(output: str) -> Mapping[str, Any]:
    """The object that the last line is; empty when it is none, or holds nothing that has a name here."""
    lines = output.strip().splitlines()
    try:
        said = msgspec.json.decode(lines[-1], type=dict[str, Any]) if lines else {}
    except msgspec.DecodeError:
        return {}
    return {key: value for key, value in said.items() if key in SAID_WORDS}


def _said(value: object) -> str:
    if isinstance(value, int):
        return number(value)
    try:
        return instant(datetime.fromisoformat(str(value)), seconds=True)
    except ValueError:
        return str(value)


def _shown(value: object) -> str:
    """A value of arguments or result as text; lists line by line, what a node measured with a line for each value."""
    if isinstance(value, list):
        return _listed(value, _in_one_line)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    return "—" if value is None else _unfolded(str(value))


def _listed(values: Sequence[object], shown: Callable[[str], str]) -> str:
    return "\n".join(shown(str(item)) for item in values[-MEASURED_LINES:]) or "—"


def _unfolded(text: str) -> str:
    """What a node measured with a line for each value, in its unit, and a line for each service; any other text as it is."""
    lines = []
    for name, value in _measured(text).items():
        parts = value if isinstance(value, list) else [value]
        lines += [f"{_metric(name)}: {_valued(name, part)}" for part in parts]
    return "\n".join(lines) or text


def _in_one_line(text: str) -> str:
    """The same in one line, as on the page of logs."""
    return " ".join(f"{name}={_valued(name, value)}" for name, value in _measured(text).items()) or text


def _measured(text: str) -> Mapping[str, Any]:
    """The object that the text is; empty when it is none."""
    try:
        return msgspec.json.decode(text, type=dict[str, Any]) if text.startswith("{") else {}
    except msgspec.DecodeError:
        return {}


def _metric(name: str) -> str:
    return _(METRICS[name]) if name in METRICS else name


def _valued(name: str, value: object) -> str:
    """A measured value in its unit, an instant on the reader's clock, what belongs to a service in one line."""
    if isinstance(value, dict):
        return " ".join(f"{key}={_valued(key, part)}" for key, part in value.items())
    if isinstance(value, bool) or value is None:
        return _shown(value)
    if isinstance(value, float) or (isinstance(value, int) and name.endswith(UNITS)):
        return value_text(name, float(value))
    if isinstance(value, str) and name.endswith(("at", "since")):
        return _said(value)
    return str(value)
