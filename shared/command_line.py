"""How a command of a site ends: why it refused on stderr, and an exit code that says what kind of refusal it is."""

import sys
from collections.abc import Callable

from shared.database.single import AlreadyRunning
from shared.errors import Refused
from shared.i18n import render
from shared.settings import SettingsError
from shared.web.assets import AssetsMissing

EXIT_REFUSED = 1
EXIT_USAGE = 2
EXIT_BUSY = 3


def ended(run: Callable[[], int]) -> int:
    """The exit code of `run`: its own; 1 refused, or a file of the pages is missing; 2 wrong settings; 3 the database is in
    use by another process. What is no refusal is raised on: a defect shows where it is."""
    try:
        return run()
    except SettingsError as wrong:
        return _say(str(wrong), EXIT_USAGE)
    except AlreadyRunning as busy:
        return _say(str(busy), EXIT_BUSY)
    except AssetsMissing as missing:
        return _say(str(missing), EXIT_REFUSED)
    except Refused as refused:
        return _say(render(refused.message, refused.params), EXIT_REFUSED)


def _say(reason: str, code: int) -> int:
    print(reason, file=sys.stderr)  # noqa: T201
    return code
