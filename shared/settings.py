"""Settings of a site: a frozen dataclass filled from environment variables TRUNKLINE_*.

A site's settings.py subclasses CommonSettings and adds fields with `setting(...)`. All wrong variables are
reported at once, before anything starts.
"""

from __future__ import annotations

import dataclasses
import types
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, Union, get_args, get_origin, get_type_hints
from zoneinfo import ZoneInfo

PREFIX = "TRUNKLINE_"

T = TypeVar("T")


class SettingsError(Exception):
    """The environment cannot be used. `problems` has one sentence per wrong variable."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("Settings cannot be used:\n" + "\n".join(f"  {line}" for line in problems))
        self.problems = problems


@dataclass(frozen=True)
class SettingDoc:
    """One row of the documented table. `default` is None for a variable that must be set."""

    variable: str
    field: str
    kind: str
    default: str | None
    doc: str
    secret: bool


def setting(
    doc: str,
    *,
    default: Any = MISSING,
    secret: bool = False,
    check: Callable[[Any], str | None] | None = None,
) -> Any:
    """A dataclass field of a settings class. Without `default` the variable must be set.

    `check` receives the parsed value and answers what is wrong with it, or None. A secret is never printed:
    neither by repr() nor in an error message.
    """
    metadata = {"doc": doc, "secret": secret, "check": check}
    if default is MISSING:
        return dataclasses.field(metadata=metadata, repr=not secret, kw_only=True)
    return dataclasses.field(default=default, metadata=metadata, repr=not secret, kw_only=True)


def _is_port(value: int) -> str | None:
    return None if 0 <= value <= 65535 else "must be a port between 0 and 65535"


def _is_url_of(*schemes: str) -> Callable[[str], str | None]:
    def check(value: str) -> str | None:
        if not value or (value.split("://", 1)[0] in schemes and "://" in value):
            return None
        return "must start with " + " or ".join(f"{scheme}://" for scheme in schemes)

    return check


LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What every site needs."""

    data_dir: Path = setting(
        "Folder for everything the site keeps: database, broker, telemetry, uploaded files.",
        default=Path("var"),
    )
    database_url: str = setting(
        "postgres://user:password@host/name, or postgres://user@/name?host=/var/run/postgresql through the socket of a server on the same machine; empty: a SQLite file in DATA_DIR.",
        default="",
        secret=True,
        check=_is_url_of("sqlite", "postgres", "postgresql"),
    )
    redis_url: str = setting(
        "redis://host:6379/0 of a Redis or Valkey; empty: the site starts its own broker in DATA_DIR.",
        default="",
        secret=True,
        check=_is_url_of("redis", "rediss", "unix"),
    )
    host: str = setting("Address to listen on.", default="127.0.0.1")
    port: int = setting("Port to listen on; 0 takes a free one.", default=8000, check=_is_port)
    public_url: str = setting(
        "Address people type, e.g. https://crm.example.com; used for links in messages and the origin check.",
        default="",
        check=_is_url_of("http", "https"),
    )
    log_level: LogLevel = setting("Least level that is written to the log.", default="INFO")


def load(cls: type[T], env: Mapping[str, str]) -> T:
    """An instance of the settings class `cls` from `env`, usually os.environ.

    Raises SettingsError naming every missing or unreadable variable at once. An empty variable counts as unset.
    """
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    problems: list[str] = []
    for field in _fields(cls):
        variable = variable_of(field.name)
        text = env.get(variable, "").strip()
        if not text:
            if field.default is MISSING and field.default_factory is MISSING:
                problems.append(f"{variable} must be set: {field.metadata['doc']}")
            continue
        try:
            value = _parse(text, hints[field.name])
        except ValueError as wrong:
            problems.append(f"{variable} {wrong}{_shown(field, text)}")
            continue
        complaint = field.metadata["check"](value) if field.metadata["check"] else None
        if complaint:
            problems.append(f"{variable} {complaint}{_shown(field, text)}")
        values[field.name] = value
    if problems:
        raise SettingsError(problems)
    return cls(**values)


def variable_of(field_name: str) -> str:
    return PREFIX + field_name.upper()


def describe(cls: type[Any]) -> list[SettingDoc]:
    """The documented table of a settings class, in the order of its fields."""
    hints = get_type_hints(cls)
    return [
        SettingDoc(
            variable=variable_of(field.name),
            field=field.name,
            kind=_kind_name(hints[field.name]),
            default=None if field.default is MISSING else _default_text(field.default),
            doc=field.metadata["doc"],
            secret=field.metadata["secret"],
        )
        for field in _fields(cls)
    ]


def describe_markdown(cls: type[Any]) -> str:
    """The table of `describe` as Markdown, ending with a newline."""
    lines = ["| variable | kind | default | meaning |", "|---|---|---|---|"]
    for row in describe(cls):
        default = "must be set" if row.default is None else f"`{row.default}`" if row.default else "empty"
        kind = row.kind.replace("|", "\\|")
        lines.append(
            f"| `{row.variable}` | {kind} | {default} | {row.doc}{' Secret.' if row.secret else ''} |"
        )
    return "\n".join(lines) + "\n"


def _fields(cls: type[Any]) -> tuple[dataclasses.Field[Any], ...]:
    """The fields of a settings class; TypeError when one was not declared with `setting`."""
    fields = dataclasses.fields(cls)
    for field in fields:
        if not field.metadata.get("doc"):
            raise TypeError(f"{cls.__name__}.{field.name} has no doc: declare it with setting(...)")
    return fields


def _parse(text: str, kind: Any) -> Any:
    """`text` as a value of the annotated type `kind`; ValueError says what is expected."""
    origin = get_origin(kind)
    if origin in (Union, types.UnionType):
        return _parse(text, next(arm for arm in get_args(kind) if arm is not type(None)))
    if origin is Literal:
        for choice in get_args(kind):
            if text == choice or text.upper() == str(choice).upper():
                return choice
        raise ValueError("must be one of " + ", ".join(map(str, get_args(kind))))
    if origin is tuple:
        return tuple(_parse(part.strip(), get_args(kind)[0]) for part in text.split(",") if part.strip())
    reader = _READERS.get(kind)
    if reader is None:
        raise TypeError(f"settings of type {kind!r} are not supported")
    return reader(text)


def _read_int(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("must be a whole number") from None


def _read_float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError("must be a number") from None


def _read_bool(text: str) -> bool:
    word = text.lower()
    if word in {"1", "true", "yes", "on"}:
        return True
    if word in {"0", "false", "no", "off"}:
        return False
    raise ValueError("must be yes or no")


def _read_zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (KeyError, ValueError, OSError):
        raise ValueError("must be a time zone such as Asia/Shanghai") from None


_READERS: dict[Any, Callable[[str], Any]] = {
    str: str,
    int: _read_int,
    float: _read_float,
    bool: _read_bool,
    Path: lambda text: Path(text).expanduser(),
    ZoneInfo: _read_zone,
}


def _shown(field: dataclasses.Field[Any], text: str) -> str:
    return "" if field.metadata["secret"] else f", not {text!r}"


def _kind_name(kind: Any) -> str:
    origin = get_origin(kind)
    if origin is Literal:
        return " | ".join(map(str, get_args(kind)))
    if origin is tuple:
        return f"list of {_kind_name(get_args(kind)[0])}, comma between"
    if origin in (Union, types.UnionType):
        return " | ".join(_kind_name(arm) for arm in get_args(kind) if arm is not type(None))
    return {
        str: "text",
        int: "whole number",
        float: "number",
        bool: "yes or no",
        Path: "path",
        ZoneInfo: "time zone",
    }[kind]


def _default_text(default: object) -> str:
    if default is None or default == "":
        return ""
    if isinstance(default, bool):
        return "yes" if default else "no"
    if isinstance(default, tuple):
        return ",".join(map(str, default))
    return str(default)
