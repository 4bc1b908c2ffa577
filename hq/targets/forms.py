"""The form of a year target: the year's amount and its twelve months, as texts in the target's currency."""

from pydantic import Field

from shared.web.forms import FormModel, WholeNumber


class TargetForm(FormModel):
    """A target as typed. Amounts are read by the handler, which knows whether they are money and of which currency.

    `spread` lays the year's amount out evenly; the months then do not count."""

    year: WholeNumber = Field(ge=2000, le=2199)
    measure: str = Field(max_length=24)
    currency: str = Field("", max_length=3)
    amount: str = Field(min_length=1, max_length=40)
    spread: str = ""
    reason: str = Field("", max_length=300)
    replaces: WholeNumber = Field(0, ge=0)
    m1: str = ""
    m2: str = ""
    m3: str = ""
    m4: str = ""
    m5: str = ""
    m6: str = ""
    m7: str = ""
    m8: str = ""
    m9: str = ""
    m10: str = ""
    m11: str = ""
    m12: str = ""

    def months(self) -> list[str]:
        """What stands in the twelve boxes."""
        return [str(getattr(self, f"m{number}")) for number in range(1, 13)]
