"""Texts in the reader's language: English source texts are the msgids, zh_CN.po files translate them.

A site calls `install(catalogue([folders]))` once at start; shared.web wraps each request in `use_locale(...)`;
templates and handlers call `_` and `ngettext`; constants in rules and errors are marked with `N_`.
Checks of the catalogues themselves are in shared/i18n_check.py.
"""

from __future__ import annotations

import gettext as std_gettext
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

if TYPE_CHECKING:
    from babel.messages.catalog import Message

Locale: TypeAlias = Literal["zh_CN", "en"]
LOCALES: tuple[Locale, ...] = ("zh_CN", "en")
DEFAULT_LOCALE: Locale = "zh_CN"
PO_NAME = "zh_CN.po"

Key: TypeAlias = tuple[str | None, str]  # (msgctxt, msgid)

_FIELD = re.compile(r"%\((\w+)\)[sd]|%%")


class CatalogueError(Exception):
    """The .po files cannot be used; the message has one line per fault, each with its files."""


class Texts(std_gettext.NullTranslations):
    """The texts of one language, in the shape that gettext and Jinja2 expect. An unknown msgid is its own text."""

    def __init__(self, locale: Locale, singulars: Mapping[Key, str], has_plural: bool) -> None:
        super().__init__()
        self.locale = locale
        self._singulars = singulars
        self._has_plural = has_plural

    def gettext(self, message: str) -> str:
        return self._singulars.get((None, message), message)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self._numbered(None, msgid1, msgid2, n)

    def pgettext(self, context: str, message: str) -> str:
        return self._singulars.get((context, message), message)

    def npgettext(self, context: str, msgid1: str, msgid2: str, n: int) -> str:
        return self._numbered(context, msgid1, msgid2, n)

    def _numbered(self, context: str | None, singular: str, plural: str, n: int) -> str:
        """Chinese has one form for every number, English two."""
        if not self._has_plural and (context, singular) in self._singulars:
            return self._singulars[context, singular]
        return singular if n == 1 else plural


@dataclass(frozen=True)
class Catalogue:
    """All translations of a site; `sources` says which file gave which text."""

    chinese: Mapping[Key, str] = field(default_factory=dict)
    sources: Mapping[Key, str] = field(default_factory=dict)

    def translations(self, locale: str) -> Texts:
        """Texts for a locale; one we do not have gets the default language."""
        if locale == "en":
            return Texts("en", {}, has_plural=True)
        return Texts("zh_CN", self.chinese, has_plural=False)

    def merged(self, other: Catalogue) -> Catalogue:
        """Both together; CatalogueError when they translate one msgid differently."""
        faults = [
            f"{_named(key)}: {self.chinese[key]!r} in {self.sources[key]}, {text!r} in {other.sources[key]}"
            for key, text in other.chinese.items()
            if self.chinese.get(key, text) != text
        ]
        if faults:
            raise CatalogueError("One text, two translations:\n" + "\n".join(faults))
        return Catalogue({**self.chinese, **other.chinese}, {**self.sources, **other.sources})


def po_files(package_roots: Iterable[Path]) -> list[Path]:
    """Every zh_CN.po under the given folders, each once, in a fixed order."""
    return sorted({path.resolve() for root in package_roots for path in Path(root).rglob(PO_NAME)})


def catalogue(package_roots: Iterable[Path]) -> Catalogue:
    """The translations of all zh_CN.po under the given folders.

    Raises CatalogueError, naming files, for a fuzzy or empty entry, for fields that differ between msgid and
    translation, and for one msgid (in one msgctxt) with two translations.
    """
    chinese: dict[Key, str] = {}
    sources: dict[Key, str] = {}
    faults: list[str] = []
    for path in po_files(package_roots):
        for entry in read_entries(path):
            key, source = (entry.context, entry.msgid), f"{path}:{entry.line}"
            faults += [f"{_named(key)}: {fault} in {source}" for fault in entry.faults()]
            if chinese.setdefault(key, entry.text) != entry.text:
                faults.append(
                    f"{_named(key)}: {chinese[key]!r} in {sources[key]}, {entry.text!r} in {source}"
                )
            sources.setdefault(key, source)
    if faults:
        raise CatalogueError("The translations cannot be used:\n" + "\n".join(faults))
    return Catalogue(chinese, sources)


@dataclass(frozen=True)
class Entry:
    """One entry of a .po file. `plural` is the English plural msgid or None."""

    context: str | None
    msgid: str
    plural: str | None
    text: str
    fuzzy: bool
    line: int

    def faults(self) -> list[str]:
        """What is wrong with the entry, in words; an empty list when it can be used."""
        found = []
        if self.fuzzy:
            found.append("fuzzy: confirm or correct the translation")
        if not self.text.strip():
            found.append("no translation")
        for text in filter(None, (self.msgid, self.plural, self.text)):
            if "%" in _FIELD.sub("", text):
                found.append(f"{text!r} has a % that is neither %(name)s nor %%")
        if fields_of(self.text) - fields_of(self.plural or self.msgid):
            found.append(f"translation uses unknown fields {sorted(fields_of(self.text))}")
        elif fields_of(self.msgid) - fields_of(self.text) and self.plural is None:
            found.append(f"translation lacks fields of {sorted(fields_of(self.msgid))}")
        return found


def read_entries(path: Path) -> list[Entry]:
    """The entries of a .po file without its header, repeated ones too. CatalogueError when it is malformed."""
    from babel.messages.catalog import Catalog
    from babel.messages.pofile import PoFileError, PoFileParser

    messages: list[Message] = []

    class EveryMessage(Catalog):
        """Babel keeps the first of two entries with one msgid and says nothing; we want to see both."""

        def __setitem__(self, id: Any, message: Message) -> None:
            messages.append(message)
            super().__setitem__(id, message)

    try:
        with path.open("rb") as file:
            PoFileParser(EveryMessage(), abort_invalid=True).parse(file)
    except PoFileError as wrong:
        raise CatalogueError(f"{path}: {wrong}") from wrong
    return [_entry(message) for message in messages if message.id]


def _entry(message: Message) -> Entry:
    forms = (message.id,) if isinstance(message.id, str) else tuple(message.id)
    text = message.string if isinstance(message.string, str) else (message.string or ("",))[0]
    plural = forms[1] if len(forms) > 1 else None
    return Entry(message.context or None, forms[0], plural, text or "", message.fuzzy, message.lineno or 0)


def fields_of(text: str) -> set[str]:
    """Names of the %(name)s fields in a text."""
    return {name for name in _FIELD.findall(text) if name}


def _named(key: Key) -> str:
    context, msgid = key
    return f"{msgid!r} ({context})" if context else repr(msgid)


_installed = Catalogue()
_active: ContextVar[Texts | None] = ContextVar("shared_i18n_texts", default=None)


def install(site_catalogue: Catalogue) -> None:
    """Makes the texts of a site available to `use_locale`; a second site in the same process is added.

    Two sites can share a process because one msgid has one translation everywhere; CatalogueError if not.
    """
    global _installed
    _installed = _installed.merged(site_catalogue)


_roots_read: set[tuple[Path, ...]] = set()


def install_from(*package_roots: Path) -> None:
    """Install the translations of all zh_CN.po under these folders; folders that were read before are not read again: a
    second site of the same kind in a process has its texts already. Raises CatalogueError as `catalogue`."""
    if package_roots not in _roots_read:
        install(catalogue(package_roots))
        _roots_read.add(package_roots)


def installed() -> Catalogue:
    """The texts installed so far, e.g. for Jinja2's install_gettext_translations."""
    return _installed


@contextmanager
def use_locale(locale: str) -> Iterator[Texts]:
    """Binds the language of this task (a request, a job, a message to one person) until the block ends."""
    texts = _installed.translations(locale)
    mark = _active.set(texts)
    try:
        yield texts
    finally:
        _active.reset(mark)


def active_locale() -> Locale:
    """The language bound by `use_locale`, else the default language."""
    return _texts().locale


def sentences(*parts: str) -> str:
    """Sentences one after the other, empty ones left out: Chinese ones end with a full-width stop, after which no blank comes."""
    return ("" if active_locale() == "zh_CN" else " ").join(part for part in parts if part)


def _texts() -> Texts:
    return _active.get() or _installed.translations(DEFAULT_LOCALE)


def gettext(msgid: str, /, **params: object) -> str:
    """The text for `msgid` in the active language with its %(name)s fields filled in; write %% for a percent sign.

    KeyError when a field has no value. A Text (shared.errors) brings its own params.
    """
    return _texts().gettext(msgid) % {**getattr(msgid, "params", {}), **params}


def known_text(text: str, /) -> str:
    """A kept text in the active language: the translation of one that the product seeded, or what a person typed, as it is.

    It has no fields: a percent sign in it is a percent sign.
    """
    return _texts().gettext(text) if text else ""


def ngettext(singular: str, plural: str, n: int, /, **params: object) -> str:
    """Like gettext, by number; `n` is also the field %(n)s unless given."""
    return _texts().ngettext(singular, plural, n) % {"n": n, **params}


def pgettext(context: str, msgid: str, /, **params: object) -> str:
    """Like gettext for a text that means two things; `context` tells which."""
    return _texts().pgettext(context, msgid) % params


_ = gettext


def N_(msgid: str) -> str:
    """Marks a constant for translation; the text is translated where it is shown."""
    return msgid


def render(msgid: str, params: Mapping[str, object], show: Callable[[object], object] = str) -> str:
    """A refusal's message in the active language; `show` writes each value (Money, dates) for the reader."""
    values = {**getattr(msgid, "params", {}), **params}
    return str(_texts().gettext(msgid) % {name: show(value) for name, value in values.items()})


# --- order of Chinese names -----------------------------------------------------------------------------------

# Readings that a list of single characters gets wrong in names of places and people.
_READINGS = {
    "重庆": "chong qing",
    "长沙": "chang sha",
    "长春": "chang chun",
    "厦门": "xia men",
    "六安": "lu an",
    "蚌埠": "beng bu",
    "台州": "tai zhou",
    "乐清": "yue qing",
    "银行": "yin hang",
}
_SURNAMES = {
    "曾": "zeng",
    "单": "shan",
    "仇": "qiu",
    "解": "xie",
    "查": "zha",
    "区": "ou",
    "盖": "ge",
    "覃": "qin",
    "翟": "zhai",
}


def sort_key(text: str, locale: str) -> tuple[tuple[int, str, str], ...]:
    """A key that sorts `text` as a reader of `locale` expects: zh by pinyin, en ignoring case.

    Latin letters and digits come before Chinese in both; equal readings are ordered by character.
    """
    if locale != "zh_CN":
        return tuple((1 if char >= "\u2e80" else 0, char.casefold(), char) for char in text)
    return tuple((1 if is_chinese else 0, reading, piece) for piece, reading, is_chinese in _syllables(text))


def pinyin(text: str) -> str:
    """Toneless readings without blanks, for typing to find: '上海 A 厂' gives 'shanghaiachang'."""
    return "".join(reading for _piece, reading, _chinese in _syllables(text) if reading.strip())


def pinyin_initials(text: str) -> str:
    """First letters: '上海' gives 'sh'; Latin letters and digits are kept."""
    return "".join(
        reading[0] if is_chinese else reading
        for _piece, reading, is_chinese in _syllables(text)
        if reading.strip()
    )


def _syllables(text: str) -> Iterator[tuple[str, str, bool]]:
    """(character, reading, is Chinese) one by one; other characters read as their own lower case."""
    known = dict(_known_readings(text))
    for position, char in enumerate(text):
        if position in known:
            yield char, known[position], True
        elif char >= "\u2e80":
            yield char, _reading(char), True
        else:
            yield char, char.casefold(), False


def _known_readings(text: str) -> Iterator[tuple[int, str]]:
    if text and text[0] in _SURNAMES and len(text) <= 4:
        yield 0, _SURNAMES[text[0]]
    for phrase, readings in _READINGS.items():
        start = text.find(phrase)
        if start >= 0:
            yield from enumerate(readings.split(), start)


@lru_cache(maxsize=8192)
def _reading(char: str) -> str:
    """The commonest toneless reading of one character, the character itself when it has none.

    pypinyin is loaded at the first Chinese sort and without its phrases: 12 MB instead of 58.
    """
    os.environ.setdefault("PYPINYIN_NO_PHRASES", "true")
    os.environ.setdefault("PYPINYIN_NO_DICT_COPY", "true")
    from pypinyin import lazy_pinyin

    return str(lazy_pinyin(char)[0])
