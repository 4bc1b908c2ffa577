"""What people type about a channel."""

from typing import Literal

from pydantic import Field

from shared.web.forms import FormModel, WholeNumber


class ChannelForm(FormModel):
    name: str = Field(min_length=2, max_length=80)
    address: str = Field(min_length=6, max_length=500)
    least_severity: WholeNumber = Field(2, ge=1, le=3)
    locale: Literal["zh_CN", "en"] = "zh_CN"
    is_for_escalation: str = ""
