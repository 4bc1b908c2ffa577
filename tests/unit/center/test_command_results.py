"""What a node answered to a command, as people read it."""

from netops.center.commands.results import arguments_shown, result_shown
from netops.center.commands.views import named
from netops.center.commands.words import SERVICE_VERBS, WORDS
from shared.i18n import use_locale

PROMOTED = (
    '{"status": "whole", "rows": 25650, "total": 18876, "position": 22264, "table": ""}\n'
    '{"branch": "PAR", "what": "promoted", "rows": 25650, "position": 22264, "tables": 43, "accounts": 6,'
    ' "accounts_at": "2026-11-29T02:36:54+00:00"}'
)


def test_what_a_promotion_printed_last_is_told_value_by_value() -> None:
    with use_locale("en"):
        told = dict(result_shown({"effect": "promoted", "output": PROMOTED}, with_secrets=False))
    assert (told["Effect"], told["Branch"], told["Accounts"]) == ("promoted", "PAR", "6")
    assert told["Accounts as of"].startswith("2026-11-29 ")
    assert not any("{" in text for text in told.values())


def test_an_output_of_which_nothing_is_known_stands_as_it_is() -> None:
    with use_locale("en"):
        for output in ("backup written\nto /srv/backup", "", "[]", '{"cut": 1'):
            assert dict(result_shown({"output": output}, with_secrets=False)) == {"Output": output}


def test_a_line_of_a_log_is_told_as_on_the_page_of_logs() -> None:
    line = '{"timestamp": "2026-11-29T02:36:32Z", "level": "info", "event": "site started", "port": 8402, "color_message": "\\u001b[1m"}'
    with use_locale("en"):
        [(name, text)] = result_shown(
            {"lines": ["plain text", line, '{"cut": in the mid']}, with_secrets=False
        )
    assert name == "Log lines"
    plain, told, cut = text.splitlines()
    assert (plain, cut) == ("plain text", '{"cut": in the mid')
    assert told.startswith("2026-11-29 ") and told.endswith("  info  site started  port=8402")


def test_what_a_node_measured_stands_line_by_line() -> None:
    measured = {
        "values": '{"cpu_ratio":0.511,"load_1":1.1599999,"disk_free_bytes":2147483648,"service.web.cpu_ratio":1.5,"swap":null}',
        "state": (
            '{"at":"2026-11-29T02:36:32Z","services":[{"name":"web","state":"running","pid":57190,"is_ready":true}],'
            '"open_incidents":[]}'
        ),
        "changes": ["one", '{"b":1}'],
        "reason": "{no json",
        "effect": None,
    }
    with use_locale("en"):
        told = dict(result_shown(measured, with_secrets=False))
    assert told["Values"].splitlines() == [
        "CPU: 51.1%", "load_1: 1.16", "disk_free_bytes: 2.1 GB", "service.web.cpu_ratio: 1.5", "swap: —",
    ]  # fmt: skip
    at, web = told["State"].splitlines()
    assert at.startswith("at: 2026-11-29 ")
    assert web == "services: name=web state=running pid=57190 is_ready=yes"
    assert told["Changes"].splitlines() == ["one", "b=1"]
    assert (told["Reason"], told["Effect"]) == ("{no json", "—")


def test_arguments_stand_under_the_names_of_their_boxes_and_a_secret_is_none() -> None:
    with use_locale("en"):
        told = dict(
            arguments_shown(
                {"service": "web", "with_dependants": False, "cpu_percent": None, "invitation": "tla1.x"}
            )
        )
    assert told == {
        "Service": "web",
        "Restart what depends on it, too": "no",
        "CPU": "—",
        "Invitation": "•••",
    }


def test_an_invitation_is_shown_to_whom_it_belongs_only() -> None:
    with use_locale("en"):
        assert result_shown({"invitation": "tla1.x"}, with_secrets=False) == []
        assert result_shown({"invitation": "tla1.x"}, with_secrets=True) == [("Invitation", "tla1.x")]


def test_every_command_about_a_service_has_a_name_with_the_service_in_it() -> None:
    with use_locale("en"):
        assert all("web" in named(verb, "web") for verb in SERVICE_VERBS)
        assert all(named(verb, "") for verb in WORDS)
        assert all(named(verb, "web") for verb in WORDS), "also of those that are about none"


def test_a_command_is_named_as_people_say_it() -> None:
    with use_locale("en"):
        assert named("log.tail", "web") == "Fetch log lines of web"
