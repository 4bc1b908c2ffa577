"""Contrast of every colour pair in tokens.css, light and dark (axe does not see single characters)."""

import re
from pathlib import Path

import pytest

from shared.web import assets

CSS = Path(assets.__file__).parent / "static" / "css"
TOKENS = dict(
    re.findall(r"--ops-([a-z0-9-]+): light-dark\((#\w{6}, #\w{6})\);", (CSS / "tokens.css").read_text())
)
SURFACES = ("surface", "page", "soft")
TEXT = ("text", "muted", "good", "bad", "warn", "ok")
GRAPHIC = ("ac", "line", "age2", "age3", "age4")


def pair(name: str) -> list[str]:
    return TOKENS[name].split(", ")


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [value / 12.92 if value <= 0.03928 else ((value + 0.055) / 1.055) ** 2.4 for value in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("surface", SURFACES)
@pytest.mark.parametrize("name", TEXT)
def test_text_can_be_read(name: str, surface: str, theme: int) -> None:
    assert contrast(pair(name)[theme], pair(surface)[theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", GRAPHIC)
def test_graphics_can_be_seen(name: str, theme: int) -> None:
    """The light ends of the ageing scale and last year's bars are labelled and outlined instead."""
    assert contrast(pair(name)[theme], pair("surface")[theme]) >= 3


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), [("on-good", "good"), ("on-bad", "bad"), ("page", "text")])
def test_buttons_and_toasts_can_be_read(text: str, ground: str, theme: int) -> None:
    assert contrast(pair(text)[theme], pair(ground)[theme]) >= 4.5


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_the_ageing_scale_runs_in_one_direction(theme: int) -> None:
    steps = [luminance(pair(f"age{age}")[theme]) for age in range(5)]
    assert steps == sorted(steps, reverse=theme == 0)


def test_colours_are_named_in_one_place() -> None:
    """parts.css takes its colours from the tokens: literal ones only for what has one colour in both themes."""
    literal = set(re.findall(r"#[0-9a-fA-F]{3,8}\b", (CSS / "parts.css").read_text()))
    assert literal <= {"#000", "#fff", "#ffe08a"}


def test_every_token_that_is_used_exists() -> None:
    defined = set(re.findall(r"(--ops-[a-z0-9-]+):", (CSS / "tokens.css").read_text()))
    used = set(re.findall(r"var\((--ops-[a-z0-9-]+)\)", (CSS / "parts.css").read_text()))
    assert used <= defined


def test_our_css_stays_small_and_cuts_no_text() -> None:
    text = [(CSS / name).read_text() for name in ("tokens.css", "parts.css")]
    assert sum(len(part.splitlines()) for part in text) <= 450
    assert "ellipsis" not in "".join(text) and "text-transform: uppercase" not in "".join(text)


HOOKS = frozenset(
    [
        "ops-brand-name",
        "ops-bulk-form",
        "ops-curve-table",
        "ops-kind",
        "ops-level-",
        "ops-list-plain",
        "ops-options-none",
        "ops-unit",
    ]
)
"""Names without a look of their own: plain text, a hook of a script or of a test."""


@pytest.mark.parametrize("site", ["hq", "netops", "shared"])
def test_every_class_in_a_template_has_its_rule(site: str) -> None:
    """Sites without css of their own know no other class than those of the parts."""
    root = Path(__file__).resolve().parents[3]
    css = "".join((CSS / name).read_text() for name in ("tokens.css", "parts.css"))
    known = set(re.findall(r"\.(ops-[a-z0-9-]+)", css)) | HOOKS
    used = {
        (name, str(file.relative_to(root)))
        for file in (root / site).rglob("*.html")
        for name in re.findall(
            r"(?<![\w-])ops-[a-z0-9-]+", " ".join(re.findall(r'class="([^"]*)"', file.read_text()))
        )
        if not name.endswith("-")
    }
    assert used
    assert not sorted(found for found in used if found[0] not in known)
