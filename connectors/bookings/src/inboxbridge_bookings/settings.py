"""What the settings of all formats share."""

from __future__ import annotations

from typing import Annotated

from inboxbridge import ConnectorSettings
from pydantic import AfterValidator, ConfigDict, Field

from inboxbridge_bookings.wording import known_zone

ICON_URL = (
    "https://static.wixstatic.com/media/bd4a2aff643141cb8cbacde1a4007a2f.png"
    "/v1/fill/w_43,h_50,al_c,lg_1,q_85/bd4a2aff643141cb8cbacde1a4007a2f.webp"
)
"""The calendar beside an activity, as in Wix's own example of a booking."""


def _zone(name: str) -> str:
    if known_zone(name) is None:
        raise ValueError("is no time zone: expected a name such as America/Denver")
    return name


class BookingSettings(ConnectorSettings):
    """Settings that every booking format has.

    Attributes:
        region: The ISO 3166 country of phone numbers that name none, such as ``US``.
        timezone: In which times are written, such as ``America/Denver``. Without it the customer's
            own where the source names it.
        icon_url: The picture beside an activity.
    """

    model_config = ConfigDict(hide_input_in_errors=True)

    region: Annotated[str, Field(pattern="^[A-Z]{2}$")] | None = None
    timezone: Annotated[str, AfterValidator(_zone)] | None = None
    icon_url: Annotated[str, Field(pattern="^https?://")] = ICON_URL
