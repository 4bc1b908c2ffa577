"""/channels."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from netops.center.channels import actions
from netops.center.channels.forms import ChannelForm
from netops.center.channels.pages import ChannelLine, ChannelsPage
from netops.center.channels.rules import shown
from netops.center.incidents.views import notices_table
from netops.center.models import Channel, Notice
from shared.errors import Invalid, NotFound
from shared.i18n import gettext as _
from shared.web.forms import Form, empty_form, read_form, with_errors
from shared.web.parts import Empty, Field, Option
from shared.web.responses import page, redirect

NOTICES_SHOWN = 30


async def show(request: Request) -> Response:
    form: Form[ChannelForm] = empty_form(least_severity=2, locale=request.state.locale)
    return page(request, "channels/show.html", await page_of(form))


async def page_of(form: Form[ChannelForm]) -> ChannelsPage:
    channels = await Channel.all().order_by("name")
    names = {channel.id: channel.name for channel in channels}
    newest = await Notice.all().order_by("-made_at").limit(NOTICES_SHOWN)
    fields = [
        Field("name", _("Name"), max_length=80),
        Field(
            "address",
            _("Address"),
            width="full",
            hint=_("As Apprise writes it: mailtos://user:password@mail.example.com, dingtalk://token"),
        ),
        Field(
            "least_severity", _("Tell from"), "select",
            options=[Option("1", _("1 gravest")), Option("2", _("2 grave")), Option("3", _("3 worth a look"))],
        ),
        Field(
            "locale", _("Language"), "select", options=[Option("zh_CN", "中文"), Option("en", "English")]
        ),
        Field("is_for_escalation", _("only what nobody acknowledged in time"), "tick"),
    ]  # fmt: skip
    lines = [ChannelLine(channel, shown(channel.address)) for channel in channels]
    told = [(notice, names.get(notice.channel, "")) for notice in newest]
    table = notices_table(told, Empty("nothing", _("Nothing was told yet.")))
    return ChannelsPage(lines, table, form, fields)


async def add(request: Request) -> Response:
    form = await read_form(request, ChannelForm)
    if not form.errors:
        try:
            await actions.add_channel(request.state.person.name, form.value)
            return redirect("/channels", toast=_("Channel added"))
        except Invalid as refused:
            form = with_errors(form, refused)
    return page(request, "channels/show.html", await page_of(form), status=422)


async def channel_of(request: Request) -> Channel:
    """The channel of the address. Raises NotFound."""
    channel = await Channel.get_or_none(id=request.path_params["id"])
    if channel is None:
        raise NotFound()
    return channel


async def test(request: Request) -> Response:
    channel = await channel_of(request)
    await actions.send_test(request.state.person.name, channel)
    return redirect("/channels", toast=_("The test message is on its way; the list shows how it went."))


async def remove(request: Request) -> Response:
    await actions.remove_channel(request.state.person.name, await channel_of(request))
    return redirect("/channels", toast=_("Channel removed"))
