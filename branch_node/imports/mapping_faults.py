"""Faults of a mapping's shape in our words, each with its place as it is written in TOML."""

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from branch_node.imports.mapping import (
    SOURCES,
    Branches,
    Children,
    Formats,
    Instalments,
    Join,
    Mapping,
    Part,
    PlanPart,
    RecordMap,
    Rule,
    SourceFile,
)
from branch_node.imports.problems import Fault, key_path, likeliest_first
from shared.errors import Text
from shared.i18n import N_

_SENTENCES = {
    "missing": N_("This is missing. Add it."),
    "source": N_("Give exactly one source: %(allowed)s."),
    "otherwise": N_("`otherwise` needs `values` beside it."),
    "instalments": N_("Give exactly one of days, due_on, plan and file."),
    "instalment_file": N_("`file`, `on` and `fields` belong together: give all three or none."),
    "percent": N_("The shares of the plan must make 100 percent."),
    "extra_forbidden": N_("This key is not known here. Known: %(allowed)s."),
    "literal_error": N_("Write one of %(allowed)s."),
    "string_type": N_("Write a text in quotation marks."),
    "dict_type": N_("Write a table here."),
    "model_type": N_("Write a table here."),
    "model_attributes_type": N_("Write a table here."),
    "list_type": N_("Write a list in square brackets."),
    "int_type": N_("Write a whole number."),
    "int_parsing": N_("Write a whole number."),
    "bool_parsing": N_("Write true or false."),
    "bool_type": N_("Write true or false."),
    "too_short": N_("This must not be empty."),
    "string_pattern_mismatch": N_("Write this in the form %(allowed)s."),
}
_OTHERWISE = N_("This value cannot be used here.")


def shape_faults(wrong: ValidationError, tree: dict[str, Any]) -> Iterator[Fault]:
    """One fault per place: pydantic's errors in our words, with the key path as it is written in TOML."""
    seen: set[str] = set()
    for error in wrong.errors(include_url=False):
        kind = str(error["ctx"]["error"]) if error["type"] == "value_error" else error["type"]
        location = _existing(error["loc"], tree, keep_last=kind in ("missing", "extra_forbidden"))
        place = key_path(location)
        if place in seen:
            continue
        seen.add(place)
        yield Fault(place, Text(_SENTENCES.get(kind, _OTHERWISE), allowed=_allowed(kind, error, location)))


def _existing(location: tuple[int | str, ...], tree: Any, *, keep_last: bool) -> tuple[int | str, ...]:
    """The part of pydantic's location that is in the file: names of union arms are not."""
    found: list[int | str] = []
    for number, step in enumerate(location):
        below = _below(tree, step)
        if below is not None:
            tree = below[0]
        elif not (keep_last and number == len(location) - 1):
            continue
        found.append(step)
    return tuple(found)


def _below(tree: Any, step: int | str) -> tuple[Any] | None:
    """What lies under a key or place of a list, None when there is nothing."""
    if isinstance(tree, dict) and step in tree:
        return (tree[step],)
    if isinstance(tree, list) and isinstance(step, int) and step < len(tree):
        return (tree[step],)
    return None


def _allowed(kind: str, error: Any, location: tuple[int | str, ...]) -> str:
    if kind == "source":
        return ", ".join(SOURCES)
    if kind == "literal_error":
        return str(error["ctx"]["expected"])
    if kind == "string_pattern_mismatch":
        return str(error["ctx"]["pattern"])
    if kind != "extra_forbidden":
        return ""
    names = _keys_at(location[:-1])
    return ", ".join(likeliest_first(str(location[-1]), names))


def _keys_at(location: tuple[int | str, ...]) -> list[str]:
    """The keys that the table at a place may have."""
    part: type[Part] = Mapping
    for step in location:
        if step == "branch":
            part = Rule if part is RecordMap else Branches
        else:
            part = _PARTS.get(step, part)
    return list(part.model_fields)


_PARTS: dict[int | str, type[Part]] = {
    "formats": Formats, "files": SourceFile, "records": RecordMap, "joins": Join, "lines": Children,
    "instalments": Instalments, "plan": PlanPart, "fields": Rule,
}  # fmt: skip
