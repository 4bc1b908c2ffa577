"""Bytes that a line altered are refused like a forged request, never answered with a defect."""

from pathlib import Path

import httpx
import pytest
import zstandard

from hq.replication.batch import BadBatch, unpack
from shared.replication.messages import ENROL_PATH, HELLO_PATH
from tests.support.databases import Templates
from tests.support.replication_model import Model

NO_UTF8 = b'{"branch":"\xb2","epoch":"","head":0,"schema":1}'


@pytest.mark.parametrize(("path", "status"), [(HELLO_PATH, 401), (ENROL_PATH, 400)])
async def test_a_request_with_a_flipped_bit_in_a_text_is_refused(
    path: str, status: int, templates: Templates, tmp_path: Path
) -> None:
    async with (
        Model(templates, tmp_path, 3) as company,
        httpx.AsyncClient(base_url="http://hq", transport=company.transport) as line,
    ):
        assert (await line.post(path, content=NO_UTF8)).status_code == status


def test_a_batch_whose_head_is_no_text_is_refused() -> None:
    with pytest.raises(BadBatch):
        unpack(zstandard.ZstdCompressor(write_content_size=True).compress(NO_UTF8 + b"\n"))
