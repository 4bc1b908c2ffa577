"""Takes uploaded files into a folder of their own: names made harmless, archives unpacked within bounds."""

import shutil
import zipfile
from collections.abc import Sequence
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


def _unpack(upload: Upload, target: Path) -> None:
    """Unpack an archive; a single folder around everything is left away."""
    try:
        with zipfile.ZipFile(upload.content) as packed:
            entries = [
                entry for entry in packed.infolist() if not entry.is_dir() and _is_wanted(entry.filename)
            ]
            if (
                len(entries) > MOST_FILES
                or sum(entry.file_size for entry in entries) > LARGEST_UNZIPPED_BYTES
            ):
                raise _wrong(
                    "files",
                    N_(
                        "%(name)s unpacks to more than %(count)s files or %(size)s MB. Send it in smaller parts."
                    ),
                    name=upload.name,
                    count=MOST_FILES,
                    size=LARGEST_UNZIPPED_BYTES // 1_000_000,
                )
            for entry in entries:
                path = target / _inside(entry.filename, entries)
                path.parent.mkdir(parents=True, exist_ok=True)
                with packed.open(entry) as content:
                    _write(path, content)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError):
        raise _wrong(
            "files",
            N_("%(name)s cannot be unpacked. Make the archive anew, without a password."),
            name=upload.name,
        ) from None


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
