"""A command that refuses says why in a sentence and ends with a code of its own."""

import pytest

from shared.command_line import ended
from shared.database.single import AlreadyRunning
from shared.errors import Conflict
from shared.settings import SettingsError
from shared.web.assets import AssetsMissing


@pytest.mark.parametrize(
    ("refusal", "code"),
    [
        (AlreadyRunning("hq.db is in use by web (process 7)."), 3),
        (SettingsError(["TRUNKLINE_PORT must be a whole number"]), 2),
        (AssetsMissing("Front-end files are missing: htmx.min.js. Run: python -m shared.web.assets"), 1),
        (Conflict("The database has no tables yet."), 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_refusal_is_a_sentence_and_a_code(
    refusal: Exception, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> int:
        raise refusal

    assert ended(refuse) == code
    said = capsys.readouterr().err
    assert said.strip()
    assert "Traceback" not in said


def test_a_defect_is_not_dressed_up_as_a_refusal() -> None:
    with pytest.raises(ZeroDivisionError):
        ended(lambda: 1 // 0)
