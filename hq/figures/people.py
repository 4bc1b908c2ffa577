"""Names of people, departments and customers, and which branch a unit below the company belongs to."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from hq.figures.freshness import Branch, Directory
from hq.figures.shape import Unit
from shared.database import fetch_all, fetch_one
from shared.errors import NotFound
from shared.i18n import N_, gettext

TABLES = {"employee": "employee", "department": "department", "customer": "customer"}
NOBODY = N_("Unassigned")
UNKNOWN = N_("(not here yet)")


@dataclass(frozen=True)
class Place:
    """A unit within a branch: where it is and what it is called."""

    branch: Branch
    unit: Unit
    name: str


async def place_of(unit: Unit, branches: Directory) -> Place:
    """The branch and name of a unit below the company. NotFound when it does not exist or is out of scope.

    A unit that its branch deleted is still answered for: its facts count."""
    code, name = unit.key, ""
    if unit.kind in TABLES:
        row = await fetch_one(f"SELECT branch, name FROM {TABLES[unit.kind]} WHERE id = :id", id=unit.key)
        if row is None:
            raise NotFound()
        code, name = str(row["branch"]), str(row["name"])
    branch = branches.get(code)
    if branch is None:
        raise NotFound()
    if unit.kind == "unassigned":
        name = gettext(NOBODY)
    return Place(branch, unit, name or branch.name)


async def names_of(kind: str, ids: Collection[str]) -> Mapping[str, str]:
    """Names by id of employees, departments or customers; '' is 'Unassigned'. One statement, none for no ids."""
    wanted = sorted(key for key in ids if key)
    found = {"": gettext(NOBODY)}
    if wanted:
        rows = await fetch_all(f"SELECT id, name FROM {TABLES[kind]} WHERE id IN :ids", ids=wanted)
        found |= {str(row["id"]): str(row["name"]) for row in rows}
    for key in wanted:
        found.setdefault(key, gettext(UNKNOWN))
    return found


def unit_of(kind: str, key: str, branch: str) -> str:
    """The unit of a row; nobody's rows are unassigned:BRANCH."""
    return f"{kind}:{key}" if key else f"unassigned:{branch}"
