"""Every visible text exists in English and Chinese, once, and is used."""

import pytest

from shared.i18n import LOCALES, catalogue
from shared.i18n_check import missing_and_unused
from tests.support.reference import PACKAGES, ROOT

# Names, codes and signs that Chinese readers write in Latin letters, too.
LATIN_ALLOWED = frozenset({"API", "CPU", "CSV", "English", "HQ", "JSON", "TOTP", "XLSX"})


def existing() -> list[str]:
    return [package for package in PACKAGES if (ROOT / package).is_dir()]


@pytest.mark.parametrize("package", existing())
def test_texts_and_translations_of_a_package_agree(package):
    """What a package shows is translated in it or in shared; what it translates it shows."""
    known = [] if package == "shared" else [ROOT / "shared"]
    report = missing_and_unused([ROOT / package], known, LATIN_ALLOWED)
    assert report.faults() == [], f"{len(report.faults())} faults"


def test_all_sites_together_have_one_translation_for_one_text():
    together = catalogue([ROOT / package for package in existing()])
    assert together.chinese
    assert set(LOCALES) == {"zh_CN", "en"}
