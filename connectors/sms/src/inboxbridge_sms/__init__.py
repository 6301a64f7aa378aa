"""Text messages for inboxbridge: Twilio (the default), Vonage and Telnyx."""

from inboxbridge import Providers

connector = Providers(
    {
        "twilio": "inboxbridge_sms.twilio:TwilioSms",
        "vonage": "inboxbridge_sms.vonage:VonageSms",
        "telnyx": "inboxbridge_sms.telnyx:TelnyxSms",
    },
    default="twilio",
)

__all__ = ["connector"]
