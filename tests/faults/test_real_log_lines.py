"""Two thousand lines of a real sshd reach the center once each, through a turned-over file and a killed agent, and are found."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest

from netops.center.telemetry.lines import LineQuestion, count_lines, find_lines
from netops.center.telemetry.store import open_telemetry
from shared import clock
from shared.nodes.identity import NodeKey
from tests.support.agent import RunningAgent, until
from tests.support.center_process import center_process, prepared

LOG = Path(__file__).resolve().parents[3] / "shared" / "data" / "loghub" / "OpenSSH_2k.log"
SERVICE = (
    '[[services]]\nname = "sshd"\ncommand = ["sleep", "1000"]\n'
    'log = { also = ["auth.log"], lines_per_second = 10000.0, burst_lines = 10000 }\n'
)


def find(url: str, text: str = "", *, is_quiet: bool = True) -> list[str]:
    """Texts in the store that hold `text`, oldest first. While nothing arrives (`is_quiet`) the store counts as many."""

    async def ask() -> list[str]:
        now = clock.now()
        question = LineQuestion(now - timedelta(days=1), now + timedelta(days=1), text=text)
        async with open_telemetry(url) as telemetry:
            with telemetry.reading():
                found = await find_lines(question, 5_000)
                assert not is_quiet or await count_lines(question) == len(found)
        return [line.text for line in sorted(found, key=lambda line: line.id)]

    return asyncio.run(ask())


@pytest.mark.skipif(not LOG.exists(), reason=f"no {LOG}")
def test_every_line_arrives_once_through_a_rotation_and_a_kill_and_failed_password_finds_520(
    tmp_path: Path,
) -> None:
    lines = LOG.read_text(errors="replace").splitlines()
    node = tmp_path / "node"
    key = NodeKey.load_or_create(node / "node.key")
    settings = prepared(tmp_path, [("T1", "SH", key.public_text)])
    auth = node / "auth.log"

    def write(first: int, last: int) -> None:
        with auth.open("a", encoding="utf-8") as file:
            file.writelines(line + "\n" for line in lines[first:last])

    with center_process(tmp_path) as (_process, port):
        head = f'sample_seconds = 1.0\n[center]\nurl = "http://127.0.0.1:{port}"\nkey_file = "node.key"\n'
        with RunningAgent(node, SERVICE, head) as agent:
            write(0, 700)
            until(lambda: find(settings.url_of_telemetry, is_quiet=False), 30)
            auth.rename(node / "auth.log.1")
            write(700, 1200)
            agent.kill()
            write(1200, 1600)
            agent.start()
            write(1600, len(lines))
            until(lambda: len(find(settings.url_of_telemetry, is_quiet=False)) >= len(lines), 60, 0.5)
            agent.end()
    assert len(find(settings.url_of_telemetry)) == len(lines)
    assert sorted(find(settings.url_of_telemetry)) == sorted(line.strip() for line in lines)
    assert len(find(settings.url_of_telemetry, '"Failed password"')) == 520
    assert len(find(settings.url_of_telemetry, "failed password")) == 520
