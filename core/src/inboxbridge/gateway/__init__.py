"""Takes deliveries in over HTTP."""

from inboxbridge.gateway.app import Gateway
from inboxbridge.gateway.refusals import Refusals
from inboxbridge.gateway.wix_events import WixHook

__all__ = ["Gateway", "Refusals", "WixHook"]
