"""What can be wrong with an import, in words: faults of the mapping and the files, reasons why a row failed."""

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass

from shared import i18n
from shared.errors import Invalid, Refused, Text
from shared.i18n import N_


@dataclass(frozen=True)
class Fault:
    """One fault. `place` is a key path of the mapping file (records[2].fields.name) or a file with its line."""

    place: str
    message: Text

    def __str__(self) -> str:
        text = i18n.render(self.message, self.message.params)
        return f"{self.place}: {text}" if self.place else text


class Unusable(Invalid):
    """Nothing was imported: mapping or files cannot be used. `faults` has all of them."""

    code = "import.unusable"

    def __init__(self, message: str, faults: Sequence[Fault]) -> None:
        super().__init__(message, count=len(faults))
        self.faults = list(faults)
        for fault in self.faults:
            self.add_note(str(fault))


class BadMapping(Unusable):
    """The mapping file cannot be used."""

    code = "import.mapping"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(N_("Nothing was imported. Faults in the mapping file: %(count)s."), faults)


class BadFiles(Unusable):
    """The files do not fit the mapping, or cannot be read."""

    code = "import.files"

    def __init__(self, faults: Sequence[Fault]) -> None:
        super().__init__(N_("Nothing was imported. Faults in the files: %(count)s."), faults)


class RowFailed(Exception):
    """One row cannot be imported; the others go on. `column` names the field or column, empty for the whole row."""

    def __init__(self, column: str, message: Text) -> None:
        super().__init__(message)
        self.column = column
        self.message = message


def key_path(location: tuple[int | str, ...]) -> str:
    """('records', 2, 'fields', 'name') as records[3].fields.name: the third [[records]] of the file."""
    out = ""
    for step in location:
        if isinstance(step, int):
            out += f"[{step + 1}]"
        else:
            plain = step if re.fullmatch(r"[A-Za-z0-9_-]+", step) else json.dumps(step, ensure_ascii=False)
            out += f".{plain}" if out else plain
    return out


def likeliest_first(name: str, known: Sequence[str]) -> list[str]:
    """Known names, the one that was probably meant first."""
    folded = {one.casefold(): one for one in known}
    close = [folded[one] for one in difflib.get_close_matches(name.casefold(), list(folded), 1, 0.5)]
    return [*close, *(one for one in known if one not in close)]


def failed(column: str, msgid: str, **params: object) -> RowFailed:
    """The failure of a row for a reason marked with N_."""
    return RowFailed(column, Text(msgid, **params))


def refusal(column: str, refused: Refused) -> RowFailed:
    """A rule's refusal as the failure of a row."""
    return RowFailed(column, Text(refused.message, **refused.params))
