"""What the settings of all formats share."""

from __future__ import annotations

from inboxbridge import ConnectorSettings, Region, TimeZone, WebAddress

ICON_URL = (
    "https://static.wixstatic.com/media/bd4a2aff643141cb8cbacde1a4007a2f.png"
    "/v1/fill/w_43,h_50,al_c,lg_1,q_85/bd4a2aff643141cb8cbacde1a4007a2f.webp"
)
"""The calendar beside an activity, as in Wix's own example of a booking."""


class BookingSettings(ConnectorSettings):
    """Settings that every booking format has.

    Attributes:
        region: The ISO 3166 country of phone numbers that name none, such as ``US``.
        timezone: In which times are written, such as ``America/Denver``. Without it the customer's
            own where the source names it.
        icon_url: The picture beside an activity.
    """

    region: Region | None = None
    timezone: TimeZone | None = None
    icon_url: WebAddress = ICON_URL
