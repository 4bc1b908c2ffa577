"""The company file: sites, the command lines that prepare and run them, and who may sign in. Read by runner.py."""

from __future__ import annotations

import importlib.util
import os
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

COMPANY_FILE = Path(__file__).with_name("company.toml")


class CompanyFileError(Exception):
    """The company file cannot be used; the text says where and why."""


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all tables of the file."""


class Title(Part, frozen=True):
    en: str
    zh: str


class Step(Part, frozen=True):
    """One command that prepares a site. With `ask` that command runs first, in the environment of `ask_site`."""

    name: str
    run: list[str]
    when: Literal["first", "changed", "always"] = "first"
    depends: list[str] = []
    ask: list[str] = []
    ask_site: str = ""
    after: str = ""
    tells_accounts: bool = False
    """It prints a JSON list of accounts: username, password, role, name."""


class Account(msgspec.Struct, frozen=True):
    """An account of the demonstration, as a seed command tells it; further keys are ignored."""

    username: str
    password: str
    role: str = ""
    name: str = ""


class Kind(Part, frozen=True):
    """What sites of one sort have in common. A kind whose Python module is not installed is left out."""

    run: list[str]
    module: str = ""
    alive: str = "/healthz"
    ready: str = "/readyz"
    env: dict[str, str] = {}
    follow: list[str] = []
    """Of a standby: what follows the site that it stands by for; `run` is then only for after the promotion."""
    promote: list[str] = []
    pair: list[str] = []
    """Of a standby: what answers an invitation of the branch."""
    invite: list[str] = []
    """Of a branch: what prints an invitation for its standby."""
    steps: list[Step] = []
    restart_seconds: float = 60.0
    stop_grace_seconds: float = 10.0


class Site(Part, frozen=True):
    name: str
    kind: str
    port: int
    title: Title
    values: dict[str, str] = {}
    node: str = ""
    """The node it belongs to: each node has an agent of its own. Empty: the company's `node`."""
    host: str = "127.0.0.1"
    of: str = ""
    """Of a standby: the site whose place it can take."""
    line: int = 0
    """The port of its own line to headquarters, which can be cut (`lines.py`). 0: it reaches headquarters directly."""

    @property
    def follower(self) -> str:
        """The service of a standby that follows."""
        return f"{self.name}-follow"

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"


class AgentPart(Part, frozen=True):
    """How the demonstration's agent is made known to the center at `site`: once, when that site is prepared.

    The command may answer a JSON object with `command_key`, the public key whose commands the agent is to believe.
    """

    site: str
    run: list[str]
    allow: list[str] = []


class Company(Part, frozen=True):
    open: str
    kinds: dict[str, Kind]
    sites: list[Site]
    node: str = "demo"
    agent: AgentPart | None = None

    def site(self, name: str) -> Site:
        """Raises CompanyFileError when there is none of that name."""
        for site in self.sites:
            if site.name == name:
                return site
        raise CompanyFileError(f"there is no site {name!r} in the company file")

    def find(self, word: str) -> Site | None:
        """The site of this name, or the first of a branch with this code; None when there is none."""
        wanted = word.upper()
        by_name = [site for site in self.sites if site.name.upper() == wanted]
        return next(
            iter([*by_name, *(site for site in self.sites if site.values.get("code") == wanted)]), None
        )

    def nodes(self) -> dict[str, list[Site]]:
        """Sites by node, in the order of the file."""
        found: dict[str, list[Site]] = {}
        for site in self.sites:
            found.setdefault(site.node or self.node, []).append(site)
        return found

    def state_dir(self, node: str) -> str:
        """Where the node's agent keeps its state, in the demonstration's folder."""
        return "agent" if node == self.node else f"agents/{node}"

    def kind_of(self, site: Site) -> Kind:
        return self.kinds[site.kind]

    def placeholders(self, site: Site, folder: Path) -> dict[str, str]:
        """What the placeholders stand for at this site."""
        return {
            "python": sys.executable,
            "name": site.name,
            "code": site.values.get("code", ""),
            "port": str(site.port),
            "url": site.url,
            "data": os.fspath(data_folder(folder, site)),
            "hq_url": f"http://{site.host}:{site.line}" if site.line else self.site(self.open).url,
            "node": self.node,
            **site.values,
        }

    def environment(self, site: Site, folder: Path) -> dict[str, str]:
        """The environment of a site's commands. Settings of the caller's own shell are kept out."""
        values = self.placeholders(site, folder)
        own = {name: text for name, text in os.environ.items() if not name.startswith("TRUNKLINE_")}
        own |= {
            "TRUNKLINE_DATA_DIR": values["data"],
            "TRUNKLINE_HOST": site.host,
            "TRUNKLINE_PORT": str(site.port),
            "TRUNKLINE_PUBLIC_URL": site.url,
            "PYTHONUNBUFFERED": "1",
        }
        env = self.kind_of(site).env.items()
        return own | {name: fill([text], values)[0] for name, text in env}


def data_folder(folder: Path, site: Site) -> Path:
    return folder.resolve() / site.name


def fill(words: list[str], values: Mapping[str, str]) -> list[str]:
    """Command words with their placeholders replaced. Raises CompanyFileError for an unknown one."""
    filled = []
    for word in words:
        for name, value in values.items():
            word = word.replace("{" + name + "}", value)
        if "{" in word:
            raise CompanyFileError(f"unknown placeholder in {word!r}")
        filled.append(word)
    return filled


def read_company(path: Path = COMPANY_FILE) -> Company:
    """The company file. Raises CompanyFileError with one sentence about the first fault."""
    try:
        company = msgspec.convert(tomllib.loads(path.read_text(encoding="utf-8")), Company)
    except (OSError, tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise CompanyFileError(f"{path}: {error}") from error
    for site in company.sites:
        if site.kind not in company.kinds:
            raise CompanyFileError(f"{path}: site {site.name} is of the unknown kind {site.kind}")
        if company.kind_of(site).follow:
            company.site(site.of)
        for step in company.kind_of(site).steps:
            for other in filter(None, (step.after, step.ask_site)):
                company.site(other)
    company.site(company.open)
    return company


def installed(company: Company) -> tuple[Company, list[str]]:
    """The company without the sites whose module is not installed, and the names of those left out."""
    missing = [site.name for site in company.sites if not _is_installed(company.kind_of(site).module)]
    sites = [site for site in company.sites if site.name not in missing]
    agent = company.agent if company.agent and company.agent.site not in missing else None
    return msgspec.structs.replace(company, sites=sites, agent=agent), missing


def _is_installed(module: str) -> bool:
    if not module:
        return True
    try:
        return importlib.util.find_spec(f"{module}.__main__") is not None
    except ModuleNotFoundError:
        return False
