"""Words for codes that branch and headquarters both show."""

from collections.abc import Mapping

from shared.i18n import N_, gettext

REGIONS: Mapping[str, str] = {
    "north": N_("North China"),
    "east": N_("East China"),
    "south": N_("South China"),
    "central": N_("Central China"),
    "northeast": N_("Northeast China"),
    "northwest": N_("Northwest China"),
    "southwest": N_("Southwest China"),
    "east-asia": N_("East Asia"),
    "europe": N_("Europe"),
    "america": N_("America"),
}


def region_word(code: str) -> str:
    """The region in the reader's language; a code that a company made up stands as it is."""
    return gettext(REGIONS[code]) if code in REGIONS else code
