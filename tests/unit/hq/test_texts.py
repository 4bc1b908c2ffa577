"""Every text of headquarters exists in Chinese, once, and none is left over."""

from pathlib import Path

from shared.i18n_check import missing_and_unused

ROOT = Path(__file__).parents[3]


def test_every_text_is_translated_and_used() -> None:
    report = missing_and_unused([ROOT / "hq"], [ROOT / "shared"], latin_allowed={"CSV", "XLSX"})
    assert report.faults() == []
