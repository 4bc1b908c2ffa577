"""One import in progress: what it knows of its branch, its mapping, its references, its account."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any
from uuid import UUID

from branch_node.home import home
from branch_node.imports import ledger
from branch_node.imports.account import Account
from branch_node.imports.mapping import Loaded
from branch_node.imports.problems import failed, refusal
from branch_node.imports.staging import Staging
from branch_node.imports.tables import among, listed, parts_of
from branch_node.lists import as_kind
from branch_node.rates import ONE, RATES_SQL, rate_between
from shared import money
from shared.database import fetch_all
from shared.errors import Conflict
from shared.i18n import N_
from shared.periods import FiscalCalendar


class Run:
    """The state that the importers of one run share."""

    def __init__(self, loaded: Loaded, run_id: UUID, staging: Staging, *, dry_run: bool) -> None:
        self.loaded = loaded
        self.id = run_id
        self.staging = staging
        self.dry_run = dry_run
        self.source = loaded.mapping.name
        self.own_code = ""
        self.calendar: FiscalCalendar | None = None
        self.account = Account(
            loaded.mapping.title or loaded.mapping.name, home().code, dry_run, "" if dry_run else str(run_id)
        )
        branches = loaded.mapping.branch
        self._known_codes = {code.casefold() for code in branches.codes.values()}
        self._unassigned = branches.unassigned
        self._rates: dict[tuple[str, date], int | None] = {}
        self._departments: dict[UUID, UUID | None] = {}

    # --- which rows are ours ------------------------------------------------------------------------------------

    @property
    def takes_strays(self) -> bool:
        """Whether this branch answers for rows that belong to nobody."""
        return self._unassigned in (None, home().code)

    def belongs(self, written: str) -> bool | None:
        """Whether a row with this branch code is ours; None when it is nobody's and this branch answers for it."""
        code = written.casefold()
        if code == self.own_code:
            return True
        if not code:
            if self._unassigned is None:
                return None
            return self._unassigned == home().code
        if self._known_codes and code not in self._known_codes and self.takes_strays:
            return None
        return False

    # --- references ---------------------------------------------------------------------------------------------

    async def resolve(self, record: str, keys: Iterable[str]) -> dict[str, UUID]:
        """The rows that external keys mean: of this run, of earlier ones, or by code or number."""
        wanted = sorted(set(keys))
        if not wanted:
            return {}
        found = await ledger.resolve(self.source, record, wanted)
        for part in parts_of(wanted, 500):
            for key, known in self.staging.known(record, part).items():
                if known.row_id:
                    found[key] = UUID(known.row_id)
        return found

    async def departments_of(self, owners: Iterable[UUID | None]) -> Mapping[UUID, UUID | None]:
        """Departments of employees; an employee that only a dry run knows has none."""
        missing = {owner for owner in owners if owner is not None} - self._departments.keys()
        if missing:
            rows = await fetch_all(
                f"SELECT id, department_id FROM employee WHERE id {among('ids', are_ids=True)}",
                ids=listed(missing),
            )
            for row in rows:
                department = row["department_id"]
                self._departments[as_kind(row["id"], UUID)] = (
                    as_kind(department, UUID) if department else None
                )
        return self._departments

    # --- money --------------------------------------------------------------------------------------------------

    async def base_amounts(
        self, values: Mapping[str, Any], day: date, amounts: Sequence[int]
    ) -> tuple[int, list[int]]:
        """(rate, the amounts in the branch's base currency): at the rate given, else at headquarters' of the day."""
        currency, base = values["currency"], home().currency
        if currency == base:
            return ONE, list(amounts)
        rate = values.get("rate") or await self._rate(currency, day)
        if rate is None:
            raise failed(
                "rate", N_("There is no rate from %(currency)s to %(base)s on %(day)s. Map the field rate."),
                currency=currency, base=base, day=day,
            )  # fmt: skip
        return rate, [money.convert(amount, currency, base, rate) for amount in amounts]

    async def _rate(self, currency: str, day: date) -> int | None:
        if (currency, day) not in self._rates:
            base = home().currency
            rows = await fetch_all(RATES_SQL, day=day, pair=[currency, base])
            self._rates[currency, day] = rate_between(rows, currency, base)
        return self._rates[currency, day]

    def require_open(self, day: date, column: str) -> None:
        """Refuse a posting into a closed period."""
        if self.calendar is None or not any(period.contains(day) for period in self.calendar.periods):
            return
        try:
            self.calendar.require_open(day)
        except Conflict as closed:
            raise refusal(column, closed) from None
