"""Forms of merges."""

from shared.web.forms import FormModel, Picked


class OtherForm(FormModel):
    """Which customer goes into the one in the address, and of which fields its value stands."""

    other: Picked
    take: list[str] = []


class PreviewForm(FormModel):
    """Which customer would go into the one in the address."""

    other: Picked


class TwoForm(FormModel):
    """The rows ticked in the list."""

    ids: list[Picked] = []
