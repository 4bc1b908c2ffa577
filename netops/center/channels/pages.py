"""What the template of channels receives."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from netops.center.models import Channel
from shared.web.forms import Form
from shared.web.parts import Field, TableView


@dataclass(frozen=True)
class ChannelLine:
    """A channel, its address without secrets."""

    channel: Channel
    address: str


@dataclass(frozen=True)
class ChannelsPage:
    """/channels: who is told, the newest notifications, and the form of a new channel."""

    channels: Sequence[ChannelLine]
    notices: TableView
    form: Form[Any]
    fields: Sequence[Field]
