"""Logs: one JSON object per line, no secrets, nothing of the last request."""

import io
import json
import logging
import sys
import warnings

import pytest
import structlog

from shared import clock, log


@pytest.fixture
def lines():
    """Configures logging into memory, and gives back what was there; the function reads what was written."""
    root, library = logging.getLogger(), logging.getLogger("uvicorn.access")
    before = (root.handlers[:], root.level, library.disabled)
    stream = io.StringIO()
    log.configure("INFO", site="branch-SH", stream=stream)
    yield lambda: [json.loads(line) for line in stream.getvalue().splitlines()]
    root.handlers[:], root.level, library.disabled = before
    logging.captureWarnings(False)
    structlog.contextvars.clear_contextvars()


def test_an_event_is_one_line_of_json(lines):
    with clock.use(clock.FixedClock("2026-11-22T06:05:00Z")):
        log.get_logger().info("receipt recorded", receipt="R-311", customer="上海贸易")
    assert lines() == [
        {
            "timestamp": "2026-11-22T06:05:00.000000Z",
            "level": "info",
            "event": "receipt recorded",
            "receipt": "R-311",
            "customer": "上海贸易",
            "logger": __name__,
            "site": "branch-SH",
        }
    ]
    assert list(lines()[0])[:3] == ["timestamp", "level", "event"]


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "token",
        "api_key",
        "apikey",
        "Authorization",
        "client_secret",
        "cookie",
        "private_key",
    ],
)
def test_values_of_secret_keys_are_not_written(lines, key):
    log.get_logger().info("signed in", **{key: "hunter2"}, nested={"deep": [{key: "hunter2"}]})
    assert "hunter2" not in json.dumps(lines())
    assert lines()[0][key] == "[redacted]"
    assert lines()[0]["nested"]["deep"][0][key] == "[redacted]"


def test_passwords_in_addresses_and_bearer_tokens_are_not_written(lines):
    log.get_logger().info(
        "connected", url="postgres://crm:hunter2@db/crm", header="Bearer hunter2hunter2", plain="http://a/b@c"
    )
    written = lines()[0]
    assert written["url"] == "postgres://crm:[redacted]@db/crm"
    assert written["header"] == "Bearer [redacted]"
    assert written["plain"] == "http://a/b@c"


def test_an_exception_carries_its_trace_without_secrets(lines):
    try:
        raise OSError("cannot reach redis://:hunter2@broker:6379")
    except OSError:
        log.get_logger().exception("broker lost")
    assert "OSError" in lines()[0]["exception"]
    assert "hunter2" not in lines()[0]["exception"]


def test_libraries_write_the_same_lines(lines):
    logging.getLogger("uvicorn.error").warning("Started server process [%d]", 42)
    logging.getLogger("some.library").error("token check", extra={"token": "hunter2"})
    first, second = lines()
    assert first["event"] == "Started server process [42]"
    assert (first["level"], first["logger"], first["site"]) == ("warning", "uvicorn.error", "branch-SH")
    assert second["token"] == "[redacted]"


def test_access_lines_of_the_server_are_silent_and_warnings_are_not(lines):
    logging.getLogger("uvicorn.access").info("GET /")
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.warn("old", DeprecationWarning, stacklevel=1)
    assert ["old" in line["event"] for line in lines()] == [True]


def test_lower_levels_are_left_out(lines):
    log.get_logger().debug("detail")
    assert lines() == []


def test_context_lasts_for_the_block_and_starts_empty(lines):
    logger = log.get_logger()
    with log.context(request_id="r1"):
        log.bind(person="lin")
        logger.info("one")
        with log.context(job="send"):
            logger.info("two")
        logger.info("three")
    logger.info("four")
    one, two, three, four = lines()
    assert (one["request_id"], one["person"]) == ("r1", "lin")
    assert two["job"] == "send"
    assert "request_id" not in two
    assert three["person"] == "lin"
    assert not {"request_id", "person", "job"} & set(four)


def test_what_json_does_not_know_is_written_as_text(lines):
    log.get_logger().info(
        "odd", error=ValueError("x"), when=clock.FixedClock("2026-11-22T00:00:00Z").now(), some={1, 2}
    )
    assert lines()[0]["error"] == "x"
    assert lines()[0]["some"] == [1, 2]


def test_before_configuration_stdout_stays_clean():
    import subprocess

    code = "from shared.log import get_logger; get_logger().info('no'); get_logger().warning('yes')"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == ""
    assert "yes" in done.stderr
    assert "no'" not in done.stderr
