"""What a file must be to be kept with a record. Pure."""

from collections.abc import Mapping

from shared.errors import Invalid, Text
from shared.i18n import N_

LARGEST_BYTES = 8_000_000
FILES_AT_MOST = 20
BEGINNINGS: Mapping[str, tuple[bytes, ...]] = {
    "application/pdf": (b"%PDF-",),
    "image/png": (b"\x89PNG\r\n\x1a\n",),
    "image/jpeg": (b"\xff\xd8\xff",),
    "image/webp": (b"RIFF",),
}
"""What the first bytes of a kind of file are: the name and what a browser says count for nothing."""


def media_type_of(content: bytes) -> str:
    """The kind of a file by its first bytes. Invalid for an empty, too large or unknown one."""
    if not content:
        raise Invalid(fields={"file": N_("This file is empty. Choose another.")}, code="file.empty")
    if len(content) > LARGEST_BYTES:
        message = N_("This file is larger than %(mb)s MB. Make it smaller or scan it in grey.")
        raise Invalid(fields={"file": Text(message, mb=LARGEST_BYTES // 1_000_000)}, code="file.too_large")
    for media_type, beginnings in BEGINNINGS.items():
        if content.startswith(beginnings) and (media_type != "image/webp" or content[8:12] == b"WEBP"):
            return media_type
    raise Invalid(
        fields={"file": N_("Only PDF and pictures (PNG, JPEG, WebP) are kept. Choose one of these.")},
        code="file.kind",
    )


def plain_name(name: str) -> str:
    """A file's name without its folder and control characters, at most 120 characters."""
    last = name.replace("\\", "/").rsplit("/", 1)[-1]
    found = "".join(char for char in last if char.isprintable() and char not in '<>:"|?*').strip(" .")
    return found[-120:] or "file"
