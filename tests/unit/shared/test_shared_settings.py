"""Settings: all wrong variables at once, nothing secret shown, every field documented."""

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from shared.settings import CommonSettings, SettingsError, describe, describe_markdown, load, setting


@dataclass(frozen=True, kw_only=True)
class BranchLike(CommonSettings):
    branch_code: str = setting("Code of the branch.")
    timezone: ZoneInfo = setting("Zone of business dates.", default=ZoneInfo("Asia/Shanghai"))
    keep_days: int | None = setting("Days to keep; empty: for ever.", default=None)
    ratio: float = setting("A ratio.", default=0.5)
    demo: bool = setting("Shows the demo.", default=False)
    peers: tuple[str, ...] = setting("Other nodes.", default=())
    signing_key: str = setting(
        "Key.", default="", secret=True, check=lambda key: None if len(key) > 7 else "is too short"
    )


def test_defaults_do_where_nothing_is_set():
    settings = load(CommonSettings, {})
    assert settings == CommonSettings()
    assert settings.port == 8000
    assert settings.data_dir == Path("var")


def test_every_kind_of_value_is_read():
    settings = load(
        BranchLike,
        {
            "TRUNKLINE_BRANCH_CODE": " SH ",
            "TRUNKLINE_TIMEZONE": "Asia/Dhaka",
            "TRUNKLINE_KEEP_DAYS": "30",
            "TRUNKLINE_RATIO": "0.75",
            "TRUNKLINE_DEMO": "Yes",
            "TRUNKLINE_PEERS": "a, b,",
            "TRUNKLINE_LOG_LEVEL": "debug",
            "TRUNKLINE_DATA_DIR": "~/crm",
            "TRUNKLINE_PORT": "0",
            "TRUNKLINE_REDIS_URL": "",
            "UNRELATED": "x",
        },
    )
    assert settings.branch_code == "SH"
    assert settings.timezone == ZoneInfo("Asia/Dhaka")
    assert (settings.keep_days, settings.ratio, settings.demo) == (30, 0.75, True)
    assert settings.peers == ("a", "b")
    assert settings.log_level == "DEBUG"
    assert settings.data_dir == Path.home() / "crm"
    assert (settings.port, settings.redis_url) == (0, "")


def test_all_wrong_variables_are_named_at_once():
    with pytest.raises(SettingsError) as error:
        load(
            BranchLike,
            {
                "TRUNKLINE_PORT": "eighty",
                "TRUNKLINE_LOG_LEVEL": "LOUD",
                "TRUNKLINE_DEMO": "maybe",
                "TRUNKLINE_TIMEZONE": "Asia/Beijing",
                "TRUNKLINE_RATIO": "half",
                "TRUNKLINE_PUBLIC_URL": "crm.example.com",
            },
        )
    assert error.value.problems == [
        "TRUNKLINE_PORT must be a whole number, not 'eighty'",
        "TRUNKLINE_PUBLIC_URL must start with http:// or https://, not 'crm.example.com'",
        "TRUNKLINE_LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, not 'LOUD'",
        "TRUNKLINE_BRANCH_CODE must be set: Code of the branch.",
        "TRUNKLINE_TIMEZONE must be a time zone such as Asia/Shanghai, not 'Asia/Beijing'",
        "TRUNKLINE_RATIO must be a number, not 'half'",
        "TRUNKLINE_DEMO must be yes or no, not 'maybe'",
    ]
    for problem in error.value.problems:
        assert problem in str(error.value)


@pytest.mark.parametrize("port", ["-1", "65536"])
def test_values_out_of_range_are_refused(port):
    with pytest.raises(SettingsError, match="between 0 and 65535"):
        load(CommonSettings, {"TRUNKLINE_PORT": port})


def test_secrets_are_shown_neither_by_errors_nor_by_repr():
    with pytest.raises(SettingsError) as error:
        load(CommonSettings, {"TRUNKLINE_DATABASE_URL": "mysql://root:hunter2@db/x"})
    assert "hunter2" not in str(error.value)
    assert "TRUNKLINE_DATABASE_URL" in str(error.value)
    settings = load(BranchLike, {"TRUNKLINE_BRANCH_CODE": "SH", "TRUNKLINE_SIGNING_KEY": "correct horse"})
    assert settings.signing_key == "correct horse"
    assert "correct horse" not in repr(settings)


def test_the_table_describes_every_field():
    rows = describe(BranchLike)
    assert [row.variable for row in rows][-1] == "TRUNKLINE_SIGNING_KEY"
    by_field = {row.field: row for row in rows}
    assert by_field["branch_code"].default is None
    assert by_field["keep_days"].kind == "whole number"
    assert by_field["peers"].kind == "list of text, comma between"
    assert by_field["demo"].default == "no"
    assert by_field["timezone"].default == "Asia/Shanghai"
    text = describe_markdown(BranchLike)
    assert "| `TRUNKLINE_BRANCH_CODE` | text | must be set | Code of the branch. |" in text
    assert "DEBUG \\| INFO" in text
    assert text.count("\n") == len(rows) + 2


def test_a_field_without_a_description_is_a_defect():
    @dataclass(frozen=True)
    class Careless:
        port: int = 1

    with pytest.raises(TypeError, match="port has no doc"):
        load(Careless, {})
