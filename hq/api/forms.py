"""The query of the figures API, as the OpenAPI document describes it, and the shape of its answer."""

from typing import Any

from pydantic import BaseModel, Field


class FigureQuery(BaseModel):
    """What may be asked; everything has a default."""

    unit: str = Field("company", description="company, branch:CODE, department:ID, employee:ID, unassigned:CODE, customer:ID or region:NAME")  # fmt: skip
    from_: str | None = Field(
        None, alias="from", description="First day, 2026-11-01. Default: the running month."
    )
    to: str | None = Field(None, description="Last day, included.")
    period: str | None = Field(
        None, description="Instead of from and to: 2026-11, 2026-Q4, 2026 or 2026-11-22."
    )
    as_of: str | None = Field(None, description="Only what took effect on or before this day. Default: each branch's own today.")  # fmt: skip
    currency: str | None = Field(None, description="ISO 4217 code, or base for the branches' own. Default: the reporting currency.")  # fmt: skip
    by: str | None = Field(
        None, description="What the rows below a branch are: employee, department, customer, ..."
    )
    measure: str | None = Field(None, description="Of targets: sales, receipts, income, profit, expense, customers_new, ...")  # fmt: skip
    without: str | None = Field(None, description="Branches to leave out, comma between.")
    limit: int = Field(1_000, ge=0, le=10_000, description="At most so many rows; the total is never cut.")
    offset: int = Field(0, ge=0, description="Rows to skip.")
    format: str = Field("json", pattern="^(json|csv|xlsx)$")


class WatermarkModel(BaseModel):
    """How far one branch's data reaches."""

    branch: str
    state: str = Field(description="current, delayed, unreachable, unproven or never")
    complete_to: str | None = Field(description="UTC; null for a branch that never sent anything.")
    position: int = Field(description="How far the branch's log has been applied.")


class FigureModel(BaseModel):
    """A figure. Money is a decimal string in the row's currency, shares are per cent, unknown values are null."""

    figure: str
    parameters: dict[str, str | None]
    rows: list[dict[str, Any]]
    total: dict[str, Any]
    watermarks: list[WatermarkModel]
    complete: bool
