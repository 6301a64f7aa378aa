"""The connector: which updates are messages, which are lines, and which are left out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from inboxbridge import (
    Attachment,
    Connector,
    ConnectorSettings,
    Download,
    Event,
    IgnoredPart,
    Part,
    Secret,
    Secrets,
    SharedToken,
    Signature,
    WebhookRequest,
    hookimpl,
)
from inboxbridge.reading import array_at, id_at, object_at, one_line, text_at

from inboxbridge_telegram._content import Content, content_of
from inboxbridge_telegram._talk import Talk, talk_of

if TYPE_CHECKING:
    import httpx

MESSAGES = {
    "message": "",
    "business_message": "",
    "edited_message": "[edited] ",
    "edited_business_message": "[edited] ",
}
"""The updates that hold a message, and what stands before its text."""

MAX_FILE_PATH_CHARACTERS = 500


class TelegramSettings(ConnectorSettings):
    """Settings of a bot.

    Attributes:
        secret_token: The text that was given to ``setWebhook`` as ``secret_token``: 1 to 256
            letters, digits, ``_`` and ``-``.
        bot_token: The bot's token, as BotFather gave it. With it pictures, recordings and files are
            fetched; without it they are shown in words. It is in no message and no log.
        api_url: Where the Bot API is: Telegram's own, or a server of one's own.
        icon_url: The badge's picture.
    """

    secret_token: Secrets
    bot_token: Secret | None = None
    api_url: str = "https://api.telegram.org"
    icon_url: str | None = None


class Telegram(Connector[TelegramSettings]):
    """What people and a business write to each other in private chats.

    A person is known by Telegram's id of them, which is the same for every bot; a name comes along,
    an address never, a number only when they share their own contact.

    Source: https://core.telegram.org/bots/api
    """

    label = "Telegram"

    @hookimpl
    def signature(self) -> Signature:
        """``X-Telegram-Bot-Api-Secret-Token`` holds the text that was given to ``setWebhook``.

        Source: https://core.telegram.org/bots/api#setwebhook
        """
        return SharedToken(self.settings.secret_token, header="X-Telegram-Bot-Api-Secret-Token")

    @hookimpl
    def parse_event(self, request: WebhookRequest) -> list[Part]:
        """Read one update.

        Source: https://core.telegram.org/bots/api#update
        """
        update = request.json_object()
        key = id_at(update, "update_id", required=True)
        for kind, mark in MESSAGES.items():
            if message := object_at(update, kind):
                return self._message(key, kind, mark, message)
        if query := object_at(update, "callback_query"):
            return _button(key, query)
        if removal := object_at(update, "deleted_business_messages"):
            return _removal(key, removal)
        if member := object_at(update, "my_chat_member"):
            return _membership(key, member)
        kinds = [name for name in update if name != "update_id"]
        return [IgnoredPart(kind=kinds[0][:80] if kinds else "update")]

    def _message(self, key: str, kind: str, mark: str, message: dict[str, Any]) -> list[Part]:
        talk = talk_of(message, kind)
        if talk is None:
            return [IgnoredPart(kind=f"{kind} outside of private chats")]
        content = content_of(message, kind, fetches=self.settings.bot_token is not None)
        if content is None:
            return [IgnoredPart(kind=f"{kind} of the service")]
        if content.phone and talk.direction == "inbound":
            talk = talk.with_phone(content.phone)
        return [_event(key, talk, content, mark)]

    @hookimpl
    async def fetch_attachment(
        self, attachment: Attachment, http: httpx.AsyncClient
    ) -> Download | None:
        """Ask where a file is, which is told for an hour. Its address holds the bot's token.

        Source: https://core.telegram.org/bots/api#getfile
        """
        if self.settings.bot_token is None:
            return None
        token, base = self.settings.bot_token.get_secret_value(), self.settings.api_url.rstrip("/")
        asked = {"file_id": attachment.source or ""}
        answer = await http.post(f"{base}/bot{token}/getFile", json=asked)
        if answer.status_code in (400, 404):
            return None  # gone, or larger than the 20 MB that bots may have
        if answer.status_code != 200:
            raise OSError(f"getFile was answered {answer.status_code}")
        path = text_at(object_at(answer.json(), "result"), "file_path")
        if not path or len(path) > MAX_FILE_PATH_CHARACTERS:
            return None
        return Download(
            url=f"{base}/file/bot{token}/{quote(path)}",
            filename=attachment.filename or path.rpartition("/")[2],
            mime_type=attachment.mime_type,
        )


def _event(key: str, talk: Talk, content: Content, mark: str = "") -> Event:
    return Event(
        id=f"update:{key}",
        kind=content.kind,
        direction=talk.direction,
        person=talk.person,
        thread=talk.thread,
        recipient=talk.recipient,
        occurred_at=talk.at,
        text=f"{mark}{content.text}".rstrip(),
        attachments=content.attachments,
    )


def _button(key: str, query: dict[str, Any]) -> list[Part]:
    """Read that a button below a message was tapped.

    Its label is found in that message, where Telegram still has it.
    """
    message = object_at(query, "message", "callback_query")
    talk = talk_of({**message, "from": query.get("from")}, "callback_query")
    if talk is None:
        return [IgnoredPart(kind="callback_query outside of private chats")]
    label = _label(message, text_at(query, "data", "callback_query"))
    return [_event(key, talk, Content("message", label or "[tapped a button]"))]


def _label(message: dict[str, Any], data: str) -> str:
    keyboard = object_at(message, "reply_markup", "callback_query.message")
    for row in array_at(keyboard, "inline_keyboard", "callback_query.message.reply_markup"):
        for button in row if isinstance(row, list) else ():
            if isinstance(button, dict) and button.get("callback_data") == data:
                return text_at(button, "text", "inline_keyboard[]").strip()
    return ""


def _removal(key: str, removal: dict[str, Any]) -> list[Part]:
    talk = talk_of(removal, "deleted_business_messages")
    if talk is None:
        return [IgnoredPart(kind="deleted_business_messages outside of private chats")]
    count = len(array_at(removal, "message_ids", "deleted_business_messages"))
    text = "Deleted a message" if count == 1 else f"Deleted {count} messages"
    return [_event(key, talk, Content("activity", text))]


def _membership(key: str, member: dict[str, Any]) -> list[Part]:
    """Read that somebody blocked the bot, or lets it write again."""
    talk = talk_of(member, "my_chat_member")
    status = text_at(object_at(member, "new_chat_member", "my_chat_member"), "status")
    lines = {"kicked": "Blocked the bot", "member": "Lets the bot write again"}
    if talk is None or status not in lines:
        return [IgnoredPart(kind=one_line(f"my_chat_member {status}", 80))]
    return [_event(key, talk, Content("activity", lines[status]))]
