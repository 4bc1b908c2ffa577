"""The command keys that this node believes: those of its node file, and those that a signed command brought or took."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from netops.agent.journal import Journal
from shared.nodes.command import key_id_of

_TRUSTED, _FORGOTTEN = "command_keys.trusted", "command_keys.forgotten"


def keys_beside(key_file: Path) -> list[str]:
    """The command keys that the center named at enrolment, one a line in a file beside the node's key; none without it."""
    try:
        return key_file.with_name(key_file.name + ".commands").read_text(encoding="ascii").split()
    except FileNotFoundError:
        return []


def write_keys_beside(key_file: Path, keys: Sequence[str]) -> None:
    """Keeps them; `netops agent enrol` does this."""
    path = key_file.with_name(key_file.name + ".commands")
    path.write_text("".join(f"{key}\n" for key in keys), encoding="ascii")


class CommandKeys:
    """Read at start, changed from the disk thread. A change is on disk before it holds.

    A key of the node file that was forgotten stays forgotten: the file on the node is older than the order.
    """

    def __init__(self, of_file: Sequence[str], journal: Journal | None) -> None:
        self._of_file, self._journal = list(of_file), journal
        self._trusted = self._read(_TRUSTED)
        self._forgotten = self._read(_FORGOTTEN)
        self.signing = ""
        """Id of the key that signed the command at hand."""

    def believed(self) -> dict[str, str]:
        """Public texts by key id."""
        known = {key_id_of(text): text for text in (*self._of_file, *self._trusted)}
        return {key_id: text for key_id, text in known.items() if key_id not in self._forgotten}

    def trust(self, public_text: str) -> str:
        """Believes one more key; its id. ValueError when the text is not a key."""
        key_id = key_id_of(public_text)
        trusted = list(dict.fromkeys((*self._trusted, public_text)))
        forgotten = [other for other in self._forgotten if other != key_id]
        self._write(_TRUSTED, trusted)
        self._write(_FORGOTTEN, forgotten)
        self._trusted, self._forgotten = trusted, forgotten
        return key_id

    def forget(self, key_id: str) -> None:
        """Believes a key no longer. May be called twice."""
        forgotten = list(dict.fromkeys((*self._forgotten, key_id)))
        self._write(_FORGOTTEN, forgotten)
        self._forgotten = forgotten

    def _read(self, name: str) -> list[str]:
        text = self._journal.word(name) if self._journal is not None else ""
        return list(json.loads(text)) if text else []

    def _write(self, name: str, keys: list[str]) -> None:
        if self._journal is not None:
            self._journal.set_word(name, json.dumps(keys))
