"""A node file is right as a whole or refused with one sentence."""

import pytest

from netops.agent.settings import NodeFileError, read_node_file

WEB = '[[services]]\nname = "web"\ncommand = ["true"]\n'


def read(tmp_path, text):
    path = tmp_path / "node.toml"
    path.write_text('node = "SH"\n' + text, encoding="utf-8")
    return read_node_file(path)


def test_the_defaults_are_the_promise(tmp_path):
    service = read(tmp_path, WEB).services[0]
    policy = service.restart
    assert (policy.good_seconds, policy.first_delay_seconds, policy.factor, policy.jitter) == (
        60,
        0.5,
        2,
        0.25,
    )
    assert (policy.budget_starts, policy.budget_seconds, policy.slow_try_seconds) == (5, 600, 300)
    assert policy.longest_delay_seconds == 60
    assert read(tmp_path, WEB).restarts_at_once == 2


def test_paths_are_relative_to_the_file(tmp_path):
    node_file = read(tmp_path, 'state_dir = "state"\n' + WEB)
    assert node_file.state_path == tmp_path / "state"
    assert node_file.log_path(node_file.services[0]) == tmp_path / "state" / "logs" / "web.log"
    assert node_file.path_of("/abs/olute").as_posix() == "/abs/olute"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[[services]]\n", "missing required field `name`"),
        (WEB + "comand = 1\n", "unknown field `comand`"),
        (WEB + WEB, "two services are named web"),
        (WEB + 'depends_on = ["db"]\n', "web depends on db, which is not in the node file"),
        (WEB + 'depends_on = ["web"]\n', "circle: web -> web"),
        (WEB + "stop_grace_seconds = -1\n", "stop_grace_seconds"),
        (WEB + '[[services.probes]]\nurl = "https://x/"\n', "needs url = 'http://host:port/path'"),
        (WEB + '[[services.probes]]\nkind = "tcp"\n', "needs address = 'host:port'"),
        (WEB + '[[services.probes]]\nkind = "command"\n', "needs a command"),
        (
            WEB + '[[services.probes]]\nurl = "http://x/"\nlimits = { misses = 4 }\n',
            "wants more misses than it looks at",
        ),
        ('[center]\nurl = "ftp://x"\n', "must start with https:// or http://"),
        ("folder = 'x'\n", "unknown field `folder`"),
        ("node =", "is not TOML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(tmp_path, text, words):
    with pytest.raises(NodeFileError, match=words.replace("(", "\\(")):
        read(tmp_path, text)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(NodeFileError, match="cannot be read: No such file"):
        read_node_file(tmp_path / "none.toml")
