"""What the business sent and what never arrived, as one line."""

from __future__ import annotations

from inboxbridge.reading import one_line

from inboxbridge_sms.addresses import CHANNEL_LABELS

_LONGEST_QUOTE = 120
_LONGEST_REASON = 200

TWILIO_REASONS = {
    "21610": "the person has opted out (STOP)",
    "30002": "the Twilio account is suspended",
    "30003": "the phone cannot be reached",
    "30004": "the message was blocked",
    "30005": "the number is not known",
    "30006": "it is a landline, or the carrier cannot be reached",
    "30007": "the carrier filtered it",
    "30008": "the carrier gave no reason",
    "30034": "your number is not registered with the carriers (A2P 10DLC)",
    "63016": "more than 24 hours after the person's last message only templates may be sent",
}
"""Why, by Twilio's error code. Source: https://www.twilio.com/docs/api/errors"""

VONAGE_REASONS = {
    "1": "the carrier gave no reason",
    "2": "the phone cannot be reached for now",
    "3": "the number is no longer in use",
    "4": "the person has blocked such messages",
    "5": "the number may have moved to another carrier",
    "6": "the carrier took it for spam",
    "7": "the phone was busy",
    "8": "a network failed",
    "9": "the person does not want messages of this kind",
    "10": "something in the message was wrong",
    "11": "Vonage found no route to the number",
    "12": "no route to the number was found; is it right?",
    "13": "the person's age forbids it",
    "14": "the carrier does not let the number receive texts",
    "15": "the person's prepaid account is empty",
    "16": "too many messages were sent",
    "54": "a regulation forbids it",
}
"""Why, by ``err-code`` of a delivery receipt.

Sources: https://developer.vonage.com/messaging/sms/guides/delivery-receipts and
https://api.support.vonage.com/hc/en-us/articles/204014733-Nexmo-SMS-Delivery-Error-Codes
"""


def not_delivered(channel: str, reason: str = "", quoted: str = "") -> str:
    """Say that a message did not arrive: ``Your SMS was not delivered: the carrier filtered it``.

    Args:
        channel: By which it was sent; blank for a text.
        reason: Why, in words.
        quoted: The message, where the provider tells it.
    """
    what = f"{CHANNEL_LABELS.get(channel, channel)} message" if channel else "SMS"
    line = f"Your {what} was not delivered"
    if reason:
        line = f"{line}: {one_line(reason, _LONGEST_REASON)}"
    return f"{line} (“{one_line(quoted, _LONGEST_QUOTE)}”)" if quoted else line
