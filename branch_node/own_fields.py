"""Fields that an administrator added to customers and orders: shown, listed, exported, filtered, searched alike.

Their definitions are rows (`CustomFieldDef`), their values stand by key in the JSON column `custom` of a record.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from branch_node.lists import like
from branch_node.searching import plain
from shared.database import engine, find_all
from shared.i18n import active_locale
from shared.i18n import gettext as _
from shared.records import CustomFieldDef
from shared.web.parts import Column, Field, Option

PREFIX = "custom_"
"""What an own field is called in a form, an address and a list, before its key."""
KEY = re.compile(r"[a-z0-9_]{1,40}")


async def custom_fields(entity: str = "customer") -> list[CustomFieldDef]:
    """The own fields of customers or orders in use, in their order. One query."""
    condition = 'entity = :entity AND active = :yes AND deleted_at IS NULL ORDER BY position, "key"'
    return await find_all(CustomFieldDef, condition, entity=entity, yes=True)


def custom_after(
    stored: Mapping[str, Any] | None, entered: Mapping[str, Any], definitions: Sequence[CustomFieldDef]
) -> dict[str, Any]:
    """The values after a form of `definitions` was saved: fields that are hidden keep theirs."""
    shown = {one.key for one in definitions}
    return {key: value for key, value in (stored or {}).items() if key not in shown} | dict(entered)


# --- shown and typed --------------------------------------------------------------------------------------------


def custom_label(one: CustomFieldDef) -> str:
    return one.label_en if active_locale() == "en" and one.label_en else one.label


def custom_text(one: CustomFieldDef, value: Any) -> str:
    """How a stored value is shown."""
    if one.kind == "tick":
        return _("yes") if value else _("no")
    return "" if value is None else str(value)


def custom_field(one: CustomFieldDef) -> Field:
    """The form field of a custom field: text, number, date, choice, yes or no."""
    kind = {"number": "number", "date": "date", "choice": "select", "tick": "tick"}.get(one.kind, "text")
    choices = [Option("", "—"), *(Option(str(choice), str(choice)) for choice in one.choices)]
    return Field(
        f"{PREFIX}{one.key}",
        custom_label(one),
        kind,
        is_optional=not one.required and kind != "tick",
        options=choices if kind == "select" else (),
        max_length=300,
    )


def custom_columns(definitions: Sequence[CustomFieldDef]) -> list[Column]:
    """A column of a list or file for each own field."""
    return [Column(f"{PREFIX}{one.key}", custom_label(one)) for one in definitions]


def custom_cells(definitions: Sequence[CustomFieldDef], values: Mapping[str, Any]) -> dict[str, str | None]:
    """The cells of those columns; None where nothing was entered."""
    return {
        f"{PREFIX}{one.key}": custom_text(one, values[one.key]) if one.key in values else None
        for one in definitions
    }


# --- filtered and searched --------------------------------------------------------------------------------------


def asked_custom(query: Mapping[str, str], definitions: Sequence[CustomFieldDef]) -> dict[str, str]:
    """What an address says about own fields that are in use, by key; others are passed over."""
    return {
        one.key: query[PREFIX + one.key].strip()[:200]
        for one in definitions
        if query.get(PREFIX + one.key, "").strip()
    }


def custom_criterion(one: CustomFieldDef) -> Field:
    """An own field as a criterion: choices and yes or no are chosen, the rest is part of the text."""
    name, label = f"{PREFIX}{one.key}", custom_label(one)
    if one.kind == "choice":
        options = [Option("", _("any")), *(Option(str(choice), str(choice)) for choice in one.choices)]
        return Field(name, label, "select", options=options, width="m")
    if one.kind == "tick":
        return Field(name, label, "select", options=[Option("", _("any")), Option("1", _("yes"))], width="s")
    return Field(name, label, width="m", max_length=200)


def criterion_texts(
    custom: Mapping[str, str], definitions: Sequence[CustomFieldDef]
) -> list[tuple[str, str]]:
    """Each own field that is asked for as (name in the address, words)."""
    known = {one.key: one for one in definitions}
    return [
        (
            PREFIX + key,
            f"{custom_label(known[key])}{_(': ')}{_('yes') if known[key].kind == 'tick' else value}",
        )
        for key, value in custom.items()
    ]


def custom_clauses(custom: Mapping[str, str], column: str, params: dict[str, Any]) -> list[str]:
    """The condition of each own field that is asked for, on a JSON column; parameters are added to `params`."""
    found = []
    for place, (key, value) in enumerate(sorted(custom.items())):
        found.append(f"lower({custom_sql(column, key)}) LIKE :custom{place} ESCAPE '!'")
        params[f"custom{place}"] = like(plain(value))
    return found


def custom_sql(column: str, key: str) -> str:
    """An own field's value in a JSON column as text, in the engine's own words. ValueError for a key that is none."""
    if not KEY.fullmatch(key):
        raise ValueError(f"not a key: {key}")
    if engine() == "sqlite":
        return f"CAST(json_extract({column}, '$.{key}') AS TEXT)"
    text = f"({column}::json ->> '{key}')"
    return f"CASE WHEN {text} = 'true' THEN '1' ELSE {text} END"


def custom_words(values: Mapping[str, Any]) -> list[str]:
    """What of own fields is found by the search: texts, numbers and choices, not yes or no."""
    return [str(value) for value in values.values() if value is not None and not isinstance(value, bool)]


def searched_sql(definitions: Sequence[CustomFieldDef], column: str, parameter: str) -> str:
    """The same for a record without a search key: one of its own fields holds the parameter's pattern; "" without any.

    Rows that have no values are passed over before any JSON is read.
    """
    held = [
        f"lower({custom_sql(column, one.key)}) LIKE :{parameter} ESCAPE '!'"
        for one in definitions
        if one.kind != "tick"
    ]
    return f"({column} <> '{{}}' AND ({' OR '.join(held)}))" if held else ""
