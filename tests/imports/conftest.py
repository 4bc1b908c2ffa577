"""What tests of imports share."""

from collections.abc import Iterator

import pytest

from shared import i18n


@pytest.fixture
def english() -> Iterator[None]:
    """Reasons and texts in English."""
    with i18n.use_locale("en"):
        yield
