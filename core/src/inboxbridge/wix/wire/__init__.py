"""The JSON in which a message travels: one module for each known form.

`current` is what Wix's reference asks for. `article` is what its article on example flows prints.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from inboxbridge.wix.outgoing import Outgoing
from inboxbridge.wix.wire import article, current

WireForm = Callable[[Outgoing], dict[str, Any]]

_FORMS: Final[dict[str, WireForm]] = {"current": current.body, "article": article.body}


def wire_form(name: str) -> WireForm:
    """Return the function that builds the body of Send Message in the form called *name*.

    Raises:
        ValueError: There is no such form; the text names those there are.
    """
    try:
        return _FORMS[name]
    except KeyError:
        known = " and ".join(f'"{known}"' for known in _FORMS)
        raise ValueError(f'there is no wire form "{name}"; there are {known}') from None
