"""What the templates of exports receive."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.web.forms import Form
from shared.web.parts import Field, Job


@dataclass(frozen=True)
class FileRow:
    """A file: what is in it, how far it is, until when it is kept."""

    job: Job
    note: str
    size_bytes: int
    kept_until: datetime | None
    trouble: str


@dataclass(frozen=True)
class ExportsPage:
    """/exports: the form and one's own files, newest first."""

    files: Sequence[FileRow]
    form: Form[Any]
    fields: Sequence[Field]
    labels: Mapping[str, str]


@dataclass(frozen=True)
class FilePart:
    """One file, asked for again while it is made."""

    file: FileRow
