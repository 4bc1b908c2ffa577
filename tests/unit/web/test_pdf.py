"""A page as PDF leaves nothing behind in the process that wrote it."""

import gc
from collections.abc import Iterator

import pytest

from shared.web.pdf import has_pdf, write_pdf


@pytest.fixture
def nothing_collected_by_itself() -> Iterator[None]:
    gc.disable()
    yield
    gc.enable()


@pytest.mark.skipif(not has_pdf(), reason="weasyprint is not installed")
@pytest.mark.usefixtures("nothing_collected_by_itself")
def test_fonts_are_let_go_with_the_page() -> None:
    assert write_pdf("<p>销售额 12,345.00</p>").startswith(b"%PDF")
    held = [one for one in gc.get_objects() if type(one).__name__ == "FontConfiguration"]
    assert not held
