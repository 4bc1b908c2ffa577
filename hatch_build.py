"""Build hook of the wheel: builds the front-end files, so that an installed site starts without npm."""

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class CustomBuildHook(BuildHookInterface):  # type: ignore[type-arg]
    """Runs `shared.web.assets.build` before the files of the wheel are collected."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        if version == "editable":
            return
        assets = load_assets(Path(self.root))
        if (Path(self.root) / "package-lock.json").is_file():
            assets.build(Path(self.root))
        assets.require_assets(Path(self.root))


def load_assets(root: Path) -> ModuleType:
    """The module itself, without importing the package: nothing is installed yet."""
    spec = importlib.util.spec_from_file_location("assets", root / "shared" / "web" / "assets.py")
    if spec is None or spec.loader is None:
        raise RuntimeError(f"shared/web/assets.py is missing in {root}")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
