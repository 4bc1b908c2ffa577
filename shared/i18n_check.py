"""Compares the texts that code and templates use with the translations: for tests and `make check`, not at run time."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from shared.i18n import CatalogueError, Entry, Key, catalogue, fields_of, po_files, read_entries

# Refusals take their message as first argument: extracted without N_, too.
_ONE_TEXT = ("_", "N_", "gettext", "Text")
_REFUSALS = ("Refused", "NotFound", "NotAllowed", "Conflict", "Invalid", "TooMany", "Unavailable")
KEYWORDS: dict[str, Any] = {
    **dict.fromkeys(_ONE_TEXT, None),
    "ngettext": (1, 2),
    "pgettext": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
}
TRANSLATED_CALLS = {*KEYWORDS, *_REFUSALS, "render"}
TEMPLATE_SUFFIXES = {".html", ".jinja", ".txt", ".xml"}
SKIPPED_FOLDERS = {"migrations", "static", "node_modules", "__pycache__", "tests"}

_HAN = re.compile(r"[\u3400-\u9fff\U00020000-\U0003ffff]")


@dataclass(frozen=True)
class Use:
    """A text in code or a template. `plural` is the English plural or None."""

    context: str | None
    msgid: str
    plural: str | None
    place: str


@dataclass
class LocaleReport:
    """What is wrong, one sentence each; all lists are empty when everything is translated once and used."""

    missing: list[str] = field(default_factory=list)
    unused: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    fuzzy: list[str] = field(default_factory=list)
    latin_only: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Every sentence, headed by its kind."""
        return [f"{kind}: {text}" for kind, texts in vars(self).items() for text in texts]


def missing_and_unused(
    roots: Sequence[Path], known: Sequence[Path] = (), latin_allowed: Collection[str] = ()
) -> LocaleReport:
    """Checks the texts and the zh_CN.po files under `roots`.

    missing: used there, translated neither there nor under `known` (what else the site loads). unused: translated
    there, used by nobody there. latin_only: a translation without a Chinese character, unless its msgid is in
    `latin_allowed` or has no letters of its own. wrong: conflicts, differing fields, plurals, texts put together
    at run time.
    """
    report = LocaleReport()
    uses: list[Use] = []
    for path in (path for root in roots for path in _sources(root)):
        try:
            found, wrong = _texts_of(path)
            uses += found
            report.wrong += wrong
        except ValueError as unreadable:
            report.wrong.append(str(unreadable))
    entries = [(path, entry) for path in po_files(roots) for entry in read_entries(path)]
    translated = {_key(entry) for _path, entry in entries}
    elsewhere = {_key(entry) for path in po_files(known) for entry in read_entries(path)}
    used = {_key(use): use for use in reversed(uses)}
    report.missing += [
        f"{use.msgid!r} in {use.place}" for use in used.values() if _key(use) not in translated | elsewhere
    ][::-1]
    plurals = {_key(use): use.plural for use in uses if use.plural}
    for path, entry in entries:
        _check_entry(report, f"{entry.msgid!r} in {path}:{entry.line}", entry, used, plurals, latin_allowed)
    try:
        catalogue([*roots, *known])
    except CatalogueError as fault:
        report.wrong += str(fault).splitlines()[1:]
    return report


def _check_entry(
    report: LocaleReport,
    named: str,
    entry: Entry,
    used: dict[Key, Use],
    plurals: Mapping[Key, str | None],
    latin_allowed: Collection[str],
) -> None:
    if _key(entry) not in used:
        report.unused.append(named)
    elif plurals.get(_key(entry)) not in (None, entry.plural):
        report.wrong.append(f"{named}: its plural is {plurals[_key(entry)]!r} in the code")
    if not entry.text.strip():
        report.empty.append(named)
    elif not _HAN.search(entry.text) and entry.msgid not in latin_allowed and _has_words(entry.msgid):
        report.latin_only.append(f"{named}: {entry.text!r}")
    if entry.fuzzy:
        report.fuzzy.append(named)


def _texts_of(path: Path) -> tuple[list[Use], list[str]]:
    """Every text that one Python file or template asks for, with its place, and what is wrong there; ValueError, naming the file,
    when it is no Python or no template."""
    from jinja2 import TemplateSyntaxError

    try:
        if path.suffix != ".py":
            return [_use(path, *found) for found in _in_template(path)], []
        calls = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.Call)]
    except (TemplateSyntaxError, SyntaxError) as wrong:
        raise ValueError(f"{path}:{wrong.lineno}: {wrong}") from wrong
    calls.sort(key=lambda call: call.lineno)
    uses = [_use(path, call.lineno, *found) for call in calls if (found := _asked_by(call))]
    return uses, [
        f"text built at run time in {path}:{call.lineno}: {ast.unparse(call.args[0])}"
        for call in calls
        if _is_put_together(call)
    ]


def _use(path: Path, line: int, message: Any, context: str | None) -> Use:
    forms = (message,) if isinstance(message, str) else tuple(message)
    return Use(context, forms[0], forms[1] if len(forms) > 1 else None, f"{path}:{line}")


def _in_template(path: Path) -> Iterator[tuple[int, Any, str | None]]:
    """Line, message and context of each text of a template."""
    from babel.messages.extract import extract
    from jinja2.ext import babel_extract

    method: Any = babel_extract
    options = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false", "encoding": "utf-8"}
    with path.open("rb") as file:
        for line, message, _comments, context in extract(method, file, keywords=KEYWORDS, options=options):
            yield line, message, context


def _asked_by(call: ast.Call) -> tuple[Any, str | None] | None:
    """Message and context that a call asks for by constants, as babel takes them from templates; None for another call."""
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    texts: list[Any] = [arg.value if isinstance(arg, ast.Constant) else None for arg in call.args]
    if name in KEYWORDS:
        places = KEYWORDS[name] or (1,)
    elif name in _REFUSALS and isinstance(call.func, ast.Name):
        places = (1,)
    else:
        return None
    numbers = [place if isinstance(place, int) else place[0] for place in places]
    wanted = [texts[number - 1] if number <= len(texts) else None for number in numbers]
    if not all(isinstance(text, str) and text for text in wanted):
        return None
    return (wanted, None) if numbers == list(places) else (wanted[1:], wanted[0])


def _is_put_together(call: ast.Call) -> bool:
    """Texts built at run time can be neither extracted nor translated; fields are given as keywords instead."""
    if not isinstance(call.func, ast.Name) or call.func.id not in TRANSLATED_CALLS or not call.args:
        return False
    text = call.args[0]
    return isinstance(text, ast.JoinedStr | ast.BinOp) or (
        isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr == "format"
    )


def _sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts[:-1]
        if SKIPPED_FOLDERS.isdisjoint(inside) and (
            path.suffix == ".py"
            or (path.suffix in TEMPLATE_SUFFIXES and "templates" in inside)
            or path.suffix == ".html"
        ):
            yield path


def _key(text: Entry | Use) -> Key:
    return text.context, text.msgid


def _has_words(msgid: str) -> bool:
    for name in fields_of(msgid):
        msgid = msgid.replace(f"%({name})s", "").replace(f"%({name})d", "")
    return bool(re.search(r"[A-Za-z]", msgid))
