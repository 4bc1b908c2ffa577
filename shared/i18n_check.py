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
            uses += _texts_of(path)
            report.wrong += _put_together(path) if path.suffix == ".py" else []
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


def _texts_of(path: Path) -> list[Use]:
    """Every text that one Python file or template asks for, with its place."""
    uses = []
    for line, message, context in _extract(path):
        forms = (message,) if isinstance(message, str) else tuple(message)
        uses.append(Use(context, forms[0], forms[1] if len(forms) > 1 else None, f"{path}:{line}"))
    return uses


def _extract(path: Path) -> Iterator[tuple[int, Any, str | None]]:
    """Babel's extraction of one file; ValueError, naming it, when it is no Python or no template."""
    from babel.messages.extract import extract
    from jinja2 import TemplateSyntaxError

    options = {"newstyle_gettext": "true", "trimmed": "true", "silent": "false", "encoding": "utf-8"}
    method: Any = "python"
    if path.suffix != ".py":
        from jinja2.ext import babel_extract as method
    try:
        with path.open("rb") as file:
            for line, message, _comments, context in extract(
                method, file, keywords=KEYWORDS, options=options
            ):
                yield line, message, context
        if path.suffix == ".py":
            yield from _refusals(path)
            yield from _inside_f_strings(path)
    except (TemplateSyntaxError, SyntaxError) as wrong:
        raise ValueError(f"{path}:{wrong.lineno}: {wrong}") from wrong


def _refusals(path: Path) -> Iterator[tuple[int, str, None]]:
    """Messages given to refusals without N_. Not by babel, which takes the first text inside `fields={...}` for one."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in _REFUSALS
            and node.args
        ):
            text = node.args[0]
            if isinstance(text, ast.Constant) and isinstance(text.value, str):
                yield node.lineno, text.value, None


def _inside_f_strings(path: Path) -> Iterator[tuple[int, str, None]]:
    """Texts asked for within the braces of an f-string, which babel reads as one token."""
    for string in ast.walk(ast.parse(path.read_text("utf-8"))):
        for node in ast.walk(string) if isinstance(string, ast.JoinedStr) else ():
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _ONE_TEXT:
                text = node.args[0] if node.args else None
                if isinstance(text, ast.Constant):
                    yield node.lineno, str(text.value), None


def _sources(root: Path) -> Iterator[Path]:
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root).parts[:-1]
        if SKIPPED_FOLDERS.isdisjoint(inside) and (
            path.suffix == ".py"
            or (path.suffix in TEMPLATE_SUFFIXES and "templates" in inside)
            or path.suffix == ".html"
        ):
            yield path


def _put_together(path: Path) -> Iterator[str]:
    """Texts built at run time can be neither extracted nor translated; fields are given as keywords instead."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name) or not node.args:
            continue
        text = node.args[0]
        is_built = isinstance(text, ast.JoinedStr | ast.BinOp) or (
            isinstance(text, ast.Call) and isinstance(text.func, ast.Attribute) and text.func.attr == "format"
        )
        if node.func.id in TRANSLATED_CALLS and is_built:
            yield f"text built at run time in {path}:{node.lineno}: {ast.unparse(text)}"


def _key(text: Entry | Use) -> Key:
    return text.context, text.msgid


def _has_words(msgid: str) -> bool:
    for name in fields_of(msgid):
        msgid = msgid.replace(f"%({name})s", "").replace(f"%({name})d", "")
    return bool(re.search(r"[A-Za-z]", msgid))
