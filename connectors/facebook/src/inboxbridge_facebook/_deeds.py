"""What people do beside writing, on Messenger and Instagram, each as one line.

Sources, below https://developers.facebook.com/documentation/business-messaging/messenger-platform/:
``webhooks/webhook-events/messaging_referrals``, ``…/message-reactions``, ``…/messaging_optins``,
``send-messages/templates/customer-feedback-template``.
"""

from __future__ import annotations

from typing import Any

from inboxbridge import Event, Part
from inboxbridge.reading import id_at, items, mapping, one_line, scalar, text_at

from inboxbridge_facebook._adverts import opened_from
from inboxbridge_facebook._items import Item
from inboxbridge_facebook._meta import ignored

SUBSCRIPTIONS = {
    "STOP_NOTIFICATIONS": "Stopped marketing messages",
    "STOP NOTIFICATIONS": "Stopped marketing messages",
    "RESUME_NOTIFICATIONS": "Resumed marketing messages",
    "RESUME NOTIFICATIONS": "Resumed marketing messages",
}
MAX_ANSWER_CHARACTERS = 2_000


def read_referral(item: Item, referral: dict[str, Any]) -> Event:
    """Return the line about who comes back through a link or an advertisement."""
    where = f"{item.where}.referral"
    source = text_at(referral, "source", where)
    ref = text_at(referral, "ref", where)
    return item.event(
        id=item.id("referral", "", source, ref, id_at(referral, "ad_id", where)),
        kind="activity",
        text=opened_from(referral),
    )


def read_reaction(item: Item, reaction: dict[str, Any]) -> Event:
    """Return the line about a reaction to a message."""
    sign = one_line(scalar(reaction.get("emoji")) or scalar(reaction.get("reaction")))
    action = scalar(reaction.get("action"))
    mid = id_at(reaction, "mid", f"{item.where}.reaction")
    return item.event(
        id=item.id("reaction", "", mid, action, sign), kind="activity", text=reacted(sign, action)
    )


def reacted(sign: str, action: str = "") -> str:
    """Return ``Reacted to a message: ❤``.

    Args:
        sign: The emoji; empty where the reaction was taken back.
        action: Meta's ``react`` or ``unreact``.
    """
    if action == "unreact" or not sign:
        return "Took back a reaction to a message"
    return f"Reacted to a message: {sign}"


def read_optin(item: Item, optin: dict[str, Any]) -> Part:
    """Return the line about marketing messages that a person agreed to, stopped or resumed."""
    if scalar(optin.get("type")) != "notification_messages":
        return ignored("optin")
    status = scalar(optin.get("notification_messages_status"))
    topic = one_line(scalar(optin.get("title")))
    text = SUBSCRIPTIONS.get(status.upper(), "Agreed to marketing messages")
    return item.event(
        id=item.id("optin", "", status, topic),
        kind="activity",
        text=f"{text}: {topic}" if topic else text,
    )


def read_feedback(item: Item, feedback: dict[str, Any]) -> Part:
    """Return the line about answers to a survey of the business."""
    answers = []
    for screen in map(mapping, items(feedback.get("feedback_screens"))):
        for question in map(mapping, mapping(screen.get("questions")).values()):
            answers.append(scalar(question.get("payload")))
            answers.append(scalar(mapping(question.get("follow_up")).get("payload")))
    answered = ", ".join(one_line(answer) for answer in answers if answer.strip())
    if not answered:
        return ignored("messaging_feedback")
    return item.event(
        id=item.id("feedback", "", answered),
        kind="activity",
        text=one_line(f"Answered a survey: {answered}", MAX_ANSWER_CHARACTERS),
    )
