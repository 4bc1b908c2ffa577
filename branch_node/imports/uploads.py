"""Takes uploaded files into a folder of their own: names made harmless, archives unpacked within bounds."""

import errno
import lzma
import shutil
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from branch_node.imports.reading import CSV_ENDINGS, LARGEST_UNZIPPED_BYTES
from shared.errors import Invalid, Text
from shared.i18n import N_

LARGEST_UPLOAD_BYTES = 100_000_000
MOST_FILES = 200
DATA_ENDINGS = (*CSV_ENDINGS, ".xlsx")
MAPPING_NAME = "mapping.toml"
UNREADABLE = (
    zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, ValueError, struct.error, zlib.error, lzma.LZMAError,
)  # fmt: skip
"""What reading a broken archive raises, a name in another encoding (ValueError) among it. A broken bzip2 stream raises an OSError
without number."""
UNFIT_NAMES = (errno.ENAMETOOLONG, errno.ENOTDIR, errno.EISDIR, errno.EEXIST, errno.EINVAL)


@dataclass(frozen=True)
class Upload:
    """A file as the browser sent it."""

    name: str
    content: IO[bytes]


def receive(folder: Path, files: Sequence[Upload], mapping: Upload | None) -> None:
    """Write the files below folder/files and the mapping beside it. Blocking: call it in a thread.

    Invalid, at its field, for files of another kind, too many or too large ones, and when no mapping is there: it may
    also lie among the files or in the archive.
    """
    target = folder / "files"
    target.mkdir(parents=True)
    for upload in files:
        with _refused(upload.name):
            if upload.name.lower().endswith(".zip"):
                _unpack(upload, target)
            else:
                _write(target / _harmless(upload.name), upload.content)
    place = folder / MAPPING_NAME
    if mapping is not None:
        with place.open("wb") as out:
            shutil.copyfileobj(mapping.content, out)
    found = sorted(target.rglob("*.toml"))
    missing = {}
    if not any(path.suffix.lower() in DATA_ENDINGS for path in target.rglob("*")):
        missing["files"] = N_("Choose the files to import: .csv, .xlsx, or a .zip of them.")
    if mapping is None and len(found) != 1:
        missing["mapping"] = N_("Choose the mapping file (.toml): it says which column becomes which field.")
    if missing:
        raise Invalid(fields=missing)
    if mapping is None:
        found[0].rename(place)


@contextmanager
def _refused(name: str) -> Iterator[None]:
    """Tells at the field what of a file's name or archive cannot be kept; what is the machine's fault passes."""
    try:
        yield
    except UNREADABLE:
        raise _not_unpacked(name) from None
    except OSError as wrong:
        if wrong.errno is None:
            raise _not_unpacked(name) from None
        if wrong.errno not in UNFIT_NAMES:
            raise
        message = N_("%(name)s, or a name inside it, is too long or is used twice. Rename the files.")
        raise _wrong("files", message, name=_brief(name)) from None


def _not_unpacked(name: str) -> Invalid:
    message = N_("%(name)s cannot be unpacked. Make the archive anew, without a password.")
    return _wrong("files", message, name=_brief(name))


def _brief(name: str) -> str:
    """A name as a message shows it."""
    return name if len(name) <= 80 else f"{name[:40]} ... {name[-30:]}"


def _unpack(upload: Upload, target: Path) -> None:
    """Unpack an archive; a single folder around everything is left away."""
    with zipfile.ZipFile(upload.content) as packed:
        entries = [entry for entry in packed.infolist() if not entry.is_dir() and _is_wanted(entry.filename)]
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > LARGEST_UNZIPPED_BYTES:
            message = N_(
                "%(name)s unpacks to more than %(count)s files or %(size)s MB. Send it in smaller parts."
            )
            size = LARGEST_UNZIPPED_BYTES // 1_000_000
            raise _wrong("files", message, name=upload.name, count=MOST_FILES, size=size)
        for entry in entries:
            path = target / _inside(entry.filename, entries)
            path.parent.mkdir(parents=True, exist_ok=True)
            with packed.open(entry) as content:
                _write(path, content)


def _is_wanted(name: str) -> bool:
    path = PurePosixPath(name.replace("\\", "/"))
    return (
        path.suffix.lower() in (*DATA_ENDINGS, ".toml")
        and not path.name.startswith(".")
        and "__MACOSX" not in path.parts
    )


def _inside(name: str, entries: Sequence[zipfile.ZipInfo]) -> Path:
    parts = _parts(name)
    if len(parts) > 1 and all(
        _parts(entry.filename)[0] == parts[0] and len(_parts(entry.filename)) > 1 for entry in entries
    ):
        parts = parts[1:]
    return Path(*parts)


def _parts(name: str) -> list[str]:
    """The steps of a path; Invalid for one that leads out of the folder."""
    parts = [part for part in name.replace("\\", "/").split("/") if part not in ("", ".")]
    if ".." in parts or ":" in parts[0] or any("\x00" in part for part in parts):
        raise _wrong("files", N_("%(name)s leads out of the folder. Make the archive anew."), name=name)
    return parts


def _harmless(name: str) -> str:
    """The bare name of an uploaded file of a kind that can be read."""
    bare = name.replace("\\", "/").rpartition("/")[2].lstrip(".")
    if Path(bare).suffix.lower() not in (*DATA_ENDINGS, ".toml"):
        raise _wrong(
            "files",
            N_("%(name)s cannot be imported. Choose .csv, .xlsx, or a .zip of them."),
            name=bare or "-",
        )
    return bare


def _write(path: Path, content: IO[bytes]) -> None:
    if path.exists():
        raise _wrong("files", N_("Two files are called %(name)s. Choose each once."), name=path.name)
    with path.open("wb") as out:
        shutil.copyfileobj(content, out)


def _wrong(field: str, msgid: str, **params: object) -> Invalid:
    return Invalid(fields={field: Text(msgid, **params)})
