"""Reads and writes vCards: versions 2.1, 3.0 and 4.0 as phones and mail programs write them. Pure.

What is not understood is passed over; a file that holds no card gives an empty list, never an error.
"""

import quopri
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

CARD_LIMIT = 200
VALUE_LENGTH = 4_000

_UNESCAPED = re.compile(r"\\([\\,;:nN])")
_PART = re.compile(r"(?:\\.|[^;])*", re.DOTALL)


@dataclass(frozen=True)
class Card:
    """A person and where that person works; empty texts are not known. `address` is street, `url` the first one."""

    name: str
    organisation: str = ""
    position: str = ""
    phones: Sequence[str] = field(default_factory=tuple)
    emails: Sequence[str] = field(default_factory=tuple)
    address: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    country: str = ""
    url: str = ""
    notes: str = ""


@dataclass(frozen=True)
class Line:
    """One property: its name in upper case, parameters as NAME=VALUE in upper case, the value as it stands."""

    name: str
    parameters: tuple[str, ...]
    value: str


def decoded(content: bytes) -> str:
    """The text of a file: UTF-8 with or without a mark, UTF-16 with one, else GB 18030, else Latin-1."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1")


def read_cards(text: str, limit: int = CARD_LIMIT) -> list[Card]:
    """The cards of a file that have a name, at most `limit`."""
    found: list[Card] = []
    lines: list[Line] | None = None
    for line in _lines(text):
        if line.name == "BEGIN" and line.value.strip().upper() == "VCARD":
            lines = []
        elif line.name == "END" and lines is not None:
            card = _card(lines)
            if card.name:
                found.append(card)
            if len(found) >= limit:
                break
            lines = None
        elif lines is not None:
            lines.append(line)
    return found


def _lines(text: str) -> Iterator[Line]:
    """Properties with folded lines joined: a line that begins with a blank continues the one before; of a
    quoted-printable value one that ends with "=" goes on in the next."""
    joined: list[str] = []
    for raw in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        last = joined[-1] if joined else ""
        if raw[:1] in (" ", "\t") and joined:
            joined[-1] = last + raw[1:]
        elif last.endswith("=") and "QUOTED-PRINTABLE" in last.partition(":")[0].upper():
            joined[-1] = last[:-1] + raw
        else:
            joined.append(raw)
    for one in joined:
        head, mark, value = _split(one)
        if not mark:
            continue
        first, *parameters = head.split(";")
        name = first.rpartition(".")[2].strip().upper()
        if name:
            yield Line(name, tuple(part.strip().upper() for part in parameters), _plain(parameters, value))


def _split(line: str) -> tuple[str, str, str]:
    """At the first colon outside quotation marks."""
    is_quoted = False
    for place, char in enumerate(line):
        if char == '"':
            is_quoted = not is_quoted
        elif char == ":" and not is_quoted:
            return line[:place], ":", line[place + 1 :]
    return line, "", ""


def _plain(parameters: Sequence[str], value: str) -> str:
    """A quoted-printable value decoded by its charset."""
    words = [part.strip().upper() for part in parameters]
    if not any("QUOTED-PRINTABLE" in word for word in words):
        return value
    charset = next((word.partition("=")[2] for word in words if word.startswith("CHARSET=")), "UTF-8")
    try:
        return quopri.decodestring(value.encode("latin-1", errors="replace")).decode(
            charset, errors="replace"
        )
    except LookupError:
        return quopri.decodestring(value.encode("latin-1", errors="replace")).decode(
            "utf-8", errors="replace"
        )


def _text(value: str) -> str:
    """A value without its escapes, cut to a length that a record holds."""
    plain = _UNESCAPED.sub(lambda match: "\n" if match[1] in "nN" else match[1], value)
    return plain.strip()[:VALUE_LENGTH]


def _components(value: str) -> list[str]:
    found, at = [], 0
    while match := _PART.match(value, at):
        found.append(_text(match[0]))
        at = match.end() + 1
        if at > len(value):
            break
    return found


def _card(lines: Iterable[Line]) -> Card:
    by_name: dict[str, list[str]] = {}
    for line in lines:
        if line.value.strip():
            by_name.setdefault(line.name, []).append(line.value)

    def first(name: str) -> str:
        return _text(by_name[name][0]) if name in by_name else ""

    organisation = next(iter(_components(by_name["ORG"][0])), "") if "ORG" in by_name else ""
    parts = (_components(by_name["ADR"][0]) if "ADR" in by_name else []) + [""] * 7
    street = ", ".join(part for part in (parts[2], parts[1], parts[0]) if part)
    return Card(
        name=first("FN") or _name(by_name.get("N", [""])[0]) or organisation,
        organisation=organisation,
        position=first("TITLE") or first("ROLE"),
        phones=_values(by_name.get("TEL", []), "tel:"),
        emails=_values(by_name.get("EMAIL", []), "mailto:"),
        address=street.replace("\n", ", ")[:300],
        city=parts[3],
        state=parts[4],
        postcode=parts[5],
        country=parts[6],
        url=first("URL"),
        notes=first("NOTE"),
    )


def _name(value: str) -> str:
    """Of family;given;further;before;after: as it is spoken, the family name first where it is written in Han."""
    family, given, further, *_rest = (*_components(value), "", "", "")
    if any("一" <= char <= "鿿" for char in family + given):
        return f"{family}{given}"
    return " ".join(part for part in (given, further, family) if part)


def _values(values: Sequence[str], scheme: str) -> tuple[str, ...]:
    found = (_text(value) for value in values)
    plain = (value[len(scheme) :] if value.lower().startswith(scheme) else value for value in found)
    return tuple(dict.fromkeys(value for value in plain if value))


# --- out ------------------------------------------------------------------------------------------------------------


def write_cards(cards: Iterable[Card]) -> str:
    """The cards as one file, version 3.0: what every phone reads. Lines are folded at 75 octets."""
    return "".join(f"{_folded(line)}\r\n" for card in cards for line in _written(card))


def _written(card: Card) -> Iterator[str]:
    yield "BEGIN:VCARD"
    yield "VERSION:3.0"
    yield f"FN:{_escaped(card.name)}"
    yield f"N:{_escaped(card.name)};;;;"
    if card.organisation:
        yield f"ORG:{_escaped(card.organisation)}"
    if card.position:
        yield f"TITLE:{_escaped(card.position)}"
    for phone in card.phones:
        yield f"TEL;TYPE=WORK:{_escaped(phone)}"
    for email in card.emails:
        yield f"EMAIL;TYPE=WORK:{_escaped(email)}"
    place = (card.address, card.city, card.state, card.postcode, card.country)
    if any(place):
        yield f"ADR;TYPE=WORK:;;{';'.join(_escaped(part) for part in place)}"
    if card.url:
        yield f"URL:{_escaped(card.url)}"
    if card.notes:
        yield f"NOTE:{_escaped(card.notes)}"
    yield "END:VCARD"


def _escaped(text: str) -> str:
    plain = text.replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return plain.replace("\r\n", "\\n").replace("\n", "\\n").replace("\r", "\\n")


def _folded(line: str) -> str:
    """No line longer than 75 octets, never cut inside a character."""
    pieces, size = [""], 0
    for char in line:
        octets = len(char.encode())
        if size + octets > 74:
            pieces.append("")
            size = 1
        pieces[-1] += char
        size += octets
    return "\r\n ".join(pieces)
