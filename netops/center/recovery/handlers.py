"""/recovery."""

from starlette.requests import Request
from starlette.responses import Response

from netops.center.incidents.views import incidents_table
from netops.center.models import Incident
from netops.center.nodes.queries import recoveries
from netops.center.nodes.tables import recoveries_table, time_taken
from netops.center.recovery.pages import RecoveryPage
from netops.center.recovery.rules import percentile
from shared import clock
from shared.i18n import gettext as _
from shared.i18n import ngettext
from shared.web.parts import Empty, Tab
from shared.web.responses import page
from shared.web.templating import with_query

SPANS = {"24h": 24, "7d": 168, "30d": 720}
SHOWN = 500


async def show(request: Request) -> Response:
    """What healed itself, how fast; what did not."""
    span = request.query_params.get("span", "24h")
    span = span if span in SPANS else "24h"
    found = await recoveries(hours=SPANS[span], limit=SHOWN)
    loops = await Incident.filter(kind__in=["crash_loop", "given_up"], closed_at=None).order_by("-number")
    ready = [one.ready_micros for one in found if one.outcome == "recovered" and one.ready_micros is not None]
    sentence = ngettext("%(n)s recovery", "%(n)s recoveries", len(ready))
    if ready:
        sentence += _(
            ", ready after %(half)s (half of them), %(most)s (95 of 100)",
            half=time_taken(percentile(ready, 0.5)),
            most=time_taken(percentile(ready, 0.95)),
        )
    view = RecoveryPage(
        tabs=[
            Tab(_("24 h"), with_query(span=None), span == "24h"),
            Tab(_("7 days"), with_query(span="7d"), span == "7d"),
            Tab(_("30 days"), with_query(span="30d"), span == "30d"),
        ],
        sentence=sentence,
        loops=incidents_table(
            loops, clock.now(), "", Empty("nothing", _("No service is in a crash loop.")), {}
        ),
        table=recoveries_table(found, caption=_("Healed by itself"), with_node=True),
    )
    return page(request, "recovery/show.html", view)
