"""The center's own keys: one that signs commands, one that shows nodes who the center is. Files beside the database."""

from pathlib import Path

from shared.nodes.identity import NodeKey

COMMAND_KEY, NEXT_COMMAND_KEY, IDENTITY_KEY = "command.key", "command.next.key", "center.key"


class CenterKeys:
    """Read at each use of a file that a rotation may change; made at first use, mode 0600."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @property
    def identity(self) -> NodeKey:
        """Whose fingerprint is the pin in enrolment tokens."""
        return NodeKey.load_or_create(self._folder / IDENTITY_KEY)

    @property
    def command(self) -> NodeKey:
        """The key that signs commands; neither a TLS nor a session key."""
        return NodeKey.load_or_create(self._folder / COMMAND_KEY)

    @property
    def is_rotating(self) -> bool:
        return (self._folder / NEXT_COMMAND_KEY).exists()

    def next_command(self) -> NodeKey:
        """The key that will sign next; made when a rotation begins."""
        return NodeKey.load_or_create(self._folder / NEXT_COMMAND_KEY)

    def believed(self) -> list[str]:
        """Public texts that a node enrolled now must believe: both keys during a rotation."""
        texts = [self.command.public_text]
        return [*texts, self.next_command().public_text] if self.is_rotating else texts

    def finish_rotation(self) -> str:
        """From now on the next key signs; the public text of the one that signed before."""
        before = self.command.public_text
        (self._folder / NEXT_COMMAND_KEY).replace(self._folder / COMMAND_KEY)
        return before
