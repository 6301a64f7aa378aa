"""Phone calls for inboxbridge: Twilio Voice (the default), Quo and Aircall."""

from inboxbridge import Providers

connector = Providers(
    {
        "twilio": "inboxbridge_phone.twilio:TwilioPhone",
        "quo": "inboxbridge_phone.quo:QuoPhone",
        "aircall": "inboxbridge_phone.aircall:AircallPhone",
    },
    default="twilio",
)

__all__ = ["connector"]
