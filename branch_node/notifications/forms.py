"""Forms of messages."""

from shared.web.forms import FormModel


class ChoiceForm(FormModel):
    """Which kinds of messages come by mail as well."""

    by_mail: list[str] = []
