"""What connections to providers of text messages have in common."""

from __future__ import annotations

from inboxbridge import ConnectorSettings, IgnoredPart, Label, Part, clean_text
from inboxbridge.reading import one_line, scalar

_LONGEST_KIND = 80


class TextSettings(ConnectorSettings):
    """What connections to providers of text messages have in common.

    Attributes:
        failures: Whether a message of the business's that was not delivered is an activity.
        label: The badge of text messages; other channels carry their own names.
        icon_url: A picture for badge and activities, or None.
    """

    failures: bool = True
    label: Label = "SMS"
    icon_url: str | None = None


def ignored(kind: object) -> list[Part]:
    """Return what is left out, by the provider's own name for its kind; nothing for no name."""
    name = one_line(clean_text(scalar(kind)), _LONGEST_KIND)
    return [IgnoredPart(kind=name)] if name else []
