"""What customers book, move and cancel at Calendly, Cal.com and Acuity, in Wix Inbox."""

from __future__ import annotations

from inboxbridge import Providers

connector = Providers(
    {
        "calendly": "inboxbridge_bookings.calendly:CalendlyBookings",
        "calcom": "inboxbridge_bookings.calcom:CalComBookings",
        "acuity": "inboxbridge_bookings.acuity:AcuityBookings",
    },
    default="calendly",
)

__all__ = ["connector"]
