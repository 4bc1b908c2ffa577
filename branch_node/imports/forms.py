"""The form that takes files in."""

from typing import Any

from shared.web.forms import FormModel


class UploadForm(FormModel):
    """The chosen files and the mapping; what they hold is checked by the dry run."""

    files: list[Any] = []
    mapping: Any = None
