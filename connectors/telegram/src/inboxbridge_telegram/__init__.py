"""Telegram for inboxbridge: what people write to a bot, or to a business account with one.

Source: https://core.telegram.org/bots/api
"""

from inboxbridge_telegram.connector import Telegram, TelegramSettings

__all__ = ["Telegram", "TelegramSettings"]
